import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { isStatus, loadAddon } from '../../providers/node/addon.cjs';
import { InstrumentCache, cacheDirectory } from '../../providers/node/instrument/cache.cjs';
import { attempt } from '../../providers/node/instrument/index.cjs';

const loaded = loadAddon();
if (isStatus(loaded)) throw new Error(loaded.message);
const checksum = (bytes: Uint8Array, from: number): string => loaded.checksum(bytes, from);

const SOURCE = 'function f() { return "ä€" }';
const OPTIONS = { kind: 'script' } as const;
const EXPECTED = attempt(SOURCE, OPTIONS);

function temporary(): string {
  return fs.mkdtempSync(join(tmpdir(), 'polyprobe-cache-'));
}

function entriesIn(directory: string): string[] {
  return fs.readdirSync(join(directory, 'v2')).map((name) => join(directory, 'v2', name));
}

t.test('the second time a program comes from the cache', (t) => {
  const directory = temporary();
  t.same(new InstrumentCache({ checksum, directory }).attempt(SOURCE, OPTIONS), EXPECTED);
  const [entry = ''] = entriesIn(directory);
  const { mtimeMs, ino } = fs.statSync(entry);
  const cache = new InstrumentCache({ checksum, directory });
  t.same(cache.attempt(SOURCE, OPTIONS), EXPECTED);
  t.match(fs.statSync(entry), { mtimeMs, ino }, 'and is not written again');
  t.equal(cache.problem, undefined);
  t.end();
});

t.test('what is stored is what is returned', (t) => {
  const directory = temporary();
  const sources = ['function f() {}', '"é"; () => 1', '"\ud800"; () => 2', 'function (', '"\udfff"; () => 2'];
  for (const source of [...sources, ...sources])
    t.same(new InstrumentCache({ checksum, directory }).attempt(source, OPTIONS), attempt(source, OPTIONS));
  t.equal(entriesIn(directory).length, sources.length, 'one entry each, refusals too');
  t.end();
});

t.test('an entry belongs to one kind of program and one set of options', (t) => {
  const cache = new InstrumentCache({ checksum, directory: temporary() });
  const source = 'var await; function f() {}';
  t.same(cache.attempt(source, { kind: 'script' }), attempt(source, { kind: 'script' }));
  t.same(cache.attempt(source, { kind: 'module' }), attempt(source, { kind: 'module' }));
  const options = { kind: 'script', skipTrivial: true } as const;
  t.same(cache.attempt(source, options), attempt(source, options));
  t.end();
});

t.test('an entry is not used once the source map next to the program has changed', (t) => {
  const directory = temporary();
  const file = join(directory, 'a.js');
  const source = 'function f() {}\n//# sourceMappingURL=a.js.map';
  const cache = new InstrumentCache({ checksum, directory });
  for (const mappings of ['AAAA', 'AACA', undefined]) {
    fs.writeFileSync(file + '.map', JSON.stringify({ sources: ['a.ts'], mappings }));
    const expected = attempt(source, { kind: 'script', file });
    t.same(cache.attempt(source, { kind: 'script', file }), expected);
  }
  t.end();
});

t.test('an entry that was damaged is ignored and written again', (t) => {
  const directory = temporary();
  new InstrumentCache({ checksum, directory }).attempt(SOURCE, OPTIONS);
  const [entry = ''] = entriesIn(directory);
  const good = fs.readFileSync(entry);
  const flipped = Buffer.from(good);
  flipped[good.length - 3] = (flipped[good.length - 3] ?? 0) ^ 1;
  for (const damaged of [flipped, good.subarray(0, -1), Buffer.alloc(0), Buffer.from('{}')]) {
    fs.writeFileSync(entry, damaged);
    const cache = new InstrumentCache({ checksum, directory });
    t.same(cache.attempt(SOURCE, OPTIONS), EXPECTED);
    t.match(cache.problem, /checksum/);
    t.same(fs.readFileSync(entry), good);
  }
  t.end();
});

t.test('a directory or entry that others could have written is not used', (t) => {
  const elsewhere = temporary();
  new InstrumentCache({ checksum, directory: elsewhere }).attempt(SOURCE, OPTIONS);

  const shared = temporary();
  fs.chmodSync(shared, 0o777);
  const link = join(temporary(), 'link');
  fs.symlinkSync(elsewhere, link);
  const inner = temporary();
  fs.symlinkSync(join(elsewhere, 'v2'), join(inner, 'v2'));
  for (const directory of [shared, link, inner]) {
    const cache = new InstrumentCache({ checksum, directory });
    t.same(cache.attempt(SOURCE, OPTIONS), EXPECTED);
    t.match(cache.problem, /expected a directory of our own/);
  }
  t.same(fs.readdirSync(shared), []);

  const [entry = ''] = entriesIn(elsewhere);
  fs.chmodSync(entry, 0o666);
  const cache = new InstrumentCache({ checksum, directory: elsewhere });
  t.same(cache.attempt(SOURCE, OPTIONS), EXPECTED);
  t.match(cache.problem, /expected a file of our own/);
  fs.rmSync(entry);
  fs.symlinkSync('/dev/zero', entry);
  t.same(new InstrumentCache({ checksum, directory: elsewhere }).attempt(SOURCE, OPTIONS), EXPECTED);
  t.end();
});

t.test('without a place to write, programs are instrumented all the same', (t) => {
  for (const directory of ['/proc/polyprobe', '/dev/null', 'relative', '/dev/null/a']) {
    const cache = new InstrumentCache({ checksum, directory });
    t.same(cache.attempt(SOURCE, OPTIONS), EXPECTED);
    t.type(cache.problem, 'string');
  }
  t.end();
});

t.test('only the user can read what is stored', (t) => {
  const directory = join(temporary(), 'a', 'b');
  new InstrumentCache({ checksum, directory }).attempt(SOURCE, OPTIONS);
  t.equal(fs.statSync(directory).mode & 0o777, 0o700);
  for (const entry of entriesIn(directory)) t.equal(fs.statSync(entry).mode & 0o777, 0o600);
  t.end();
});

t.test('the oldest entries are removed when there are too many', (t) => {
  const directory = temporary();
  const maxBytes = 10_000;
  for (let age = 100; age > 0; age--) {
    const before = age < 100 ? new Set(entriesIn(directory)) : new Set<string>();
    const source = `function f${age}() { return "${'x'.repeat(200)}" }`;
    new InstrumentCache({ checksum, directory, maxBytes: 1e9 }).attempt(source, OPTIONS);
    const when = new Date(Date.now() - age * 1000);
    for (const entry of entriesIn(directory)) if (!before.has(entry)) fs.utimesSync(entry, when, when);
  }
  const leftover = join(directory, 'v2', '.left.tmp');
  fs.writeFileSync(leftover, '');
  fs.utimesSync(leftover, 0, 0);
  const newest = entriesIn(directory).reduce((one, other) =>
    fs.statSync(one).mtimeMs > fs.statSync(other).mtimeMs ? one : other,
  );
  new InstrumentCache({ checksum, directory, maxBytes }).attempt(`${SOURCE}//${'y'.repeat(2000)}`, OPTIONS);
  const entries = entriesIn(directory);
  t.ok(entries.reduce((sum, entry) => sum + fs.statSync(entry).size, 0) <= maxBytes);
  t.ok(entries.includes(newest));
  t.notOk(fs.existsSync(leftover));
  t.end();
});

t.test('the directory follows the environment', (t) => {
  t.equal(cacheDirectory({ POLYPROBE_CACHE: '/a', XDG_CACHE_HOME: '/b' }), '/a');
  t.equal(cacheDirectory({ XDG_CACHE_HOME: '/b' }), '/b/polyprobe');
  t.match(cacheDirectory({ XDG_CACHE_HOME: 'relative' }), /\/\.cache\/polyprobe$/);
  t.match(cacheDirectory({}), /\/\.cache\/polyprobe$/);
  t.end();
});
