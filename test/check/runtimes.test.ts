import t from 'tap';
import { abi } from '../../core/abi/probes.js';
import { interpreters } from '../../core/check/interpreters.js';
import { checkRuntimes, findInterpreters } from '../../core/check/runtimes.js';
import type { Found } from '../../core/check/fires.js';
import type { Installation } from '../../core/runtimes/index.js';
import { node } from '../../core/runtimes/node.js';
import { complaints, machine, marks } from './machine.js';

const good: Installation = { path: '/usr/bin/node', version: '20.20.2', served: true, how: 'load-time', todo: '' };
const old: Installation = {
  path: '/opt/node',
  version: '18.0.0',
  served: false,
  how: 'too old',
  todo: 'use Node.js 20',
};
const python: Found = {
  interpreter: interpreters.find(({ id }) => id === 'python')!,
  path: '/usr/bin/python3.11',
  version: '3.11.2',
};
const asked =
  (...names: string[]) =>
  () =>
    Promise.resolve(names.map((name) => ({ provider: 'python', name, path: '/usr/bin/python3.11' })));

t.test('an interpreter that is served is ok, one that is not beside it a warning', async (t) => {
  const found = await checkRuntimes(machine(), abi, [{ runtime: node, installations: [good, old] }], []);
  t.strictSame(marks(found), ['ok runtimes/node@/usr/bin/node', 'warning runtimes/node@/opt/node']);
  t.equal(found[1]!.todo, 'use Node.js 20');
});

t.test('when none is served, that is a problem', async (t) => {
  const found = await checkRuntimes(machine(), abi, [{ runtime: node, installations: [old] }], []);
  t.strictSame(marks(found), ['problem runtimes/node@/opt/node']);
});

t.test('when none is there, that is a note', async (t) => {
  t.strictSame(marks(await checkRuntimes(machine(), abi, [{ runtime: node, installations: [] }], [])), [
    'note runtimes/node',
  ]);
});

t.test('an interpreter without a provider is told with its own probes', async (t) => {
  const [found] = await checkRuntimes(machine(), abi, [], [python], asked('function__entry', 'gc__start'));
  t.match(found, {
    level: 'note',
    what: /no provider yet; its own probes: function__entry, gc__start$/,
    todo: /bpftrace -l/,
  });
  const [none] = await checkRuntimes(machine(), abi, [], [python], asked());
  t.match(none, { level: 'note', what: /it has no probes of its own$/, todo: 'for what is planned: polyprobe probes' });
  const [failed] = await checkRuntimes(machine(), abi, [], [python], () =>
    Promise.resolve({ error: 'it ended early' }),
  );
  t.match(failed, { level: 'note', what: /could not be listed: it ended early/ });
});

t.test('one whose language has a provider is only listed', async (t) => {
  const served = [{ runtime: { ...node, id: 'python' }, installations: [good] }];
  t.strictSame(complaints(await checkRuntimes(machine(), abi, served, [python], asked('gc__start'))), []);
});

t.test('interpreters are found once, by their own word, and wrappers that fail are none', async (t) => {
  const host = machine({
    commands: {
      '/usr/bin/python3.11 -c': '/usr/bin/python3.11\n3.11.2\n',
      '/usr/bin/python3': '',
      '/shims/python3 -c': '/opt/python/bin/python3.12\n3.12.1\n',
      '/shims/python3.8 -c': 'pyenv: version 3.8 is not installed\n',
      '/usr/bin/python3-config': '',
      '/usr/bin/php -n': '/usr/bin/php8.2\n8.2.7\n',
    },
    links: { '/usr/bin/python3': '/usr/bin/python3.11' },
  });
  const found = await findInterpreters(host);
  t.strictSame(
    found.map(({ interpreter, path, version }) => [interpreter.id, path, version]),
    [
      ['python', '/usr/bin/python3.11', '3.11.2'],
      ['python', '/opt/python/bin/python3.12', '3.12.1'],
      ['php', '/usr/bin/php8.2', '8.2.7'],
    ],
  );
});

t.test('a real Node.js is found and served', async (t) => {
  const installations = await node.installations();
  t.equal(installations.filter(({ path }) => path === process.execPath).length, 1);
  t.match(
    installations.find(({ path }) => path === process.execPath),
    { served: true, version: process.versions.node },
  );
});
