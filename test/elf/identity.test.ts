import t from 'tap';
import { identityAddress, parseIdentity, readIdentity } from '../../core/elf/identity.js';
import { listProcesses } from '../../core/elf/processes.js';
import { bufferSource } from '../../core/elf/source.js';
import { readFileSync } from 'node:fs';
import { LIBRARY } from '../../core/paths.js';
import { environment } from '../../core/runtimes/index.js';
import { startReady, stop } from './fixtures.js';

/** The structure as a provider leaves it. */
function structure(runtime: string, program: string): Buffer {
  const bytes = Buffer.alloc(592);
  bytes.write('polyprob', 0, 'latin1');
  bytes.writeUInt32LE(0x1_0002, 8);
  bytes.writeUInt32LE(592, 12);
  bytes.write(runtime, 16);
  bytes.write(program, 80);
  return bytes;
}

t.test('the structure says runtime, version, program and ABI', async (t) => {
  t.strictSame(parseIdentity(structure('node 20.20.2', '/srv/app.js')), {
    abi: '1.2',
    runtime: 'node',
    version: '20.20.2',
    program: '/srv/app.js',
  });
  t.match(parseIdentity(structure('', '')), { runtime: '', version: '', program: '' });
});

t.test('text that fills its field ends with it', async (t) => {
  const found = parseIdentity(structure(`r ${'1'.repeat(62)}`, 'p'.repeat(512)));
  t.strictSame([found!.version.length, found!.program.length], [62, 512]);
});

t.test('what is not the structure is nothing', async (t) => {
  const good = structure('node 20', '/app');
  const other = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(good);
    change(bytes);
    return bytes;
  };
  t.equal(parseIdentity(other((bytes) => bytes.write('X', 0))), undefined);
  t.equal(parseIdentity(other((bytes) => bytes.writeUInt32LE(591, 12))), undefined);
  t.equal(parseIdentity(good.subarray(0, 591)), undefined);
  t.ok(parseIdentity(other((bytes) => bytes.writeUInt32LE(1000, 12))), 'a later one may be larger');
});

t.test('the library has the symbol, whatever has it not has none', async (t) => {
  t.type(identityAddress(bufferSource(readFileSync(LIBRARY))), 'bigint');
  t.equal(identityAddress(bufferSource(readFileSync('/bin/sh'))), undefined);
});

t.test('a damaged library ends in nothing or in an error of ours, never in another', async (t) => {
  const bytes = readFileSync(LIBRARY);
  const at = bytes.indexOf('polyprobe_process');
  let errors = 0;
  for (let seed = 0; seed < 400; seed++) {
    const copy = Buffer.from(bytes);
    // The headers and tables first, then places everywhere.
    for (let n = 0; n < 8; n++)
      copy[(seed * 7919 + n * 104_729) % (seed % 2 ? copy.length : 4096)] = (seed * 31 + n * 17) & 0xff;
    copy[at + (seed % 17)] = seed & 0xff;
    try {
      identityAddress(bufferSource(copy));
    } catch (error) {
      t.match(error, { name: 'ElfError' });
      errors++;
    }
  }
  t.ok(errors > 0);
});

t.test('a running program says who it is', async (t) => {
  const set = Object.entries(environment({ functions: true }, {})).map(([name, value]) => `${name}=${value}`);
  const program = 'process.stdin.resume(); console.log("ready")';
  const child = await startReady('/usr/bin/env', [...set, process.execPath, '-e', program]);
  // No recogniser: what is known was said by the process.
  const found = listProcesses().processes.find(({ pid }) => pid === child.pid);
  t.match(found, { runtime: 'node', version: process.versions.node, program: '[eval]' });
  await stop(child);
});

t.test('a process that is gone, and a copy that could not be opened, say nothing', async (t) => {
  t.equal(readIdentity(2 ** 22 + 1, { hostPath: LIBRARY, base: 0n }), undefined);
  t.equal(readIdentity(process.pid, { hostPath: undefined, base: 0n }), undefined);
  t.equal(readIdentity(process.pid, { hostPath: LIBRARY, base: 0x1000n }), undefined, 'nothing is mapped there');
});
