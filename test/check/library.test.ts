import t from 'tap';
import { checkLibrary, type LibraryFacts } from '../../core/check/library.js';
import type { Abi } from '../../core/abi/types.js';
import { abi } from '../../core/abi/probes.js';
import { ElfError } from '../../core/elf/errors.js';
import { readProbes, type ElfProbes } from '../../core/elf/notes.js';
import type { LibraryCopy, TraceableProcess } from '../../core/elf/processes.js';
import { LIBRARY } from '../../core/paths.js';
import { complaints, marks } from './machine.js';

const library = readProbes(LIBRARY);

const copy = (changes: Partial<LibraryCopy> = {}): LibraryCopy => ({
  path: LIBRARY,
  hostPath: LIBRARY,
  device: 'fe:00',
  inode: 1n,
  deleted: false,
  buildId: library.buildId,
  armed: [],
  error: undefined,
  ...changes,
});

const mapping = (pid: number, ...copies: LibraryCopy[]): TraceableProcess => ({
  pid,
  ppid: 1,
  uid: 0,
  user: 'root',
  commandLine: '',
  argv: [],
  exe: '/usr/bin/node',
  cwd: '/',
  started: undefined,
  container: undefined,
  runtime: 'node',
  version: '20.20.2',
  program: '/srv/app.js',
  copies,
  armed: [],
});

const facts = (changes: Partial<LibraryFacts> = {}): LibraryFacts => ({
  path: LIBRARY,
  probes: library,
  processes: { processes: [], unreadable: 0 },
  ...changes,
});
const mapped = (...processes: TraceableProcess[]): LibraryFacts => facts({ processes: { processes, unreadable: 0 } });

t.test('the library that is built here is that of the definition', async (t) => {
  t.strictSame(complaints(checkLibrary(facts(), abi)), []);
});

t.test('a library that is not built is a problem with its command', async (t) => {
  const probes = new ElfError('not-found', LIBRARY, 'expected a file');
  t.match(checkLibrary(facts({ probes }), abi), [
    { id: 'library/built', level: 'problem', todo: /npm rebuild polyprobe/ },
  ]);
});

t.test('a library that cannot be read is a problem', async (t) => {
  const probes = new ElfError('not-elf', LIBRARY, 'expected an ELF file');
  t.match(checkLibrary(facts({ probes }), abi), [{ level: 'problem', what: /can't be read: .*expected an ELF file/ }]);
});

t.test('a library of another definition is told by what it lacks and what it has besides', async (t) => {
  const [first, ...rest] = library.probes;
  const other: ElfProbes = { ...library, probes: [...rest, { ...first!, name: 'older__probe' }] };
  const [found] = complaints(checkLibrary(facts({ probes: other }), abi));
  t.match(found, { id: 'library/abi', level: 'problem' });
  t.match(found!.what, /it lacks polyprobe_node:function__entry\/6; has polyprobe_node:older__probe\/6 besides$/);
});

t.test('an argument more or less is another definition', async (t) => {
  const changed: Abi = { ...abi, probes: abi.probes.map((probe) => ({ ...probe, args: probe.args.slice(1) })) };
  t.strictSame(marks(complaints(checkLibrary(facts(), changed))), ['problem library/abi']);
});

t.test('another build in a running process is a conflict', async (t) => {
  const found = complaints(
    checkLibrary(mapped(mapping(7, copy({ path: '/old/libpolyprobe.so', buildId: 'ab'.repeat(20) }))), abi),
  );
  t.match(found, [{ id: 'library/copy-7', level: 'warning', todo: /polyprobe trace calls -p 7/ }]);
  t.match(found[0]!.what, /process 7 \(node \/srv\/app\.js\) maps another build: .*build id abababababab/);
});

t.test('the same build at another place is none', async (t) => {
  t.strictSame(
    complaints(checkLibrary(mapped(mapping(7, copy({ path: '/app/libpolyprobe.so', inode: 2n }))), abi)),
    [],
  );
});

t.test('a copy that has been deleted is stale', async (t) => {
  const found = complaints(checkLibrary(mapped(mapping(8, copy({ deleted: true }))), abi));
  t.match(found, [{ id: 'library/copy-8', what: /deleted or replaced/, todo: /^restart it/ }]);
  const memfd = copy({ deleted: true, path: '/memfd:libpolyprobe.so' });
  t.strictSame(complaints(checkLibrary(mapped(mapping(8, memfd)), abi)), [], 'a memfd never had a name');
});

t.test('a path that tracers cannot spell is told', async (t) => {
  t.strictSame(marks(complaints(checkLibrary(facts({ path: '/my apps/libpolyprobe.so' }), abi))), [
    'warning library/path',
  ]);
});
