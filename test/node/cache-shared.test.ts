/** The cache as processes share it: many at once, with nothing there yet; on a full disk; in a folder of somebody else. */
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { plainEnv, providerEnv, PROGRAMS, start, type Outcome } from '../harness/node.js';

const asRoot = process.getuid?.() === 0 ? false : 'only root can do that';
const run = (cache: string): Promise<Outcome> =>
  start(process.execPath, ['main.js', 'listed'], {
    cwd: join(PROGRAMS, 'hostile'),
    env: { ...providerEnv(), POLYPROBE_CACHE: cache },
  }).done;
const said = ({ code, stdout, stderr }: Outcome): unknown => ({ code, stdout, stderr });
const plain = await start(process.execPath, ['main.js', 'listed'], { cwd: join(PROGRAMS, 'hostile'), env: plainEnv() })
  .done;

t.test('twenty processes that begin at once with an empty cache', async (t) => {
  const cache = join(t.testdir({}), 'cache');
  for (const ours of await Promise.all(Array.from({ length: 20 }, () => run(cache)))) t.same(said(ours), said(plain));
  const entries = readdirSync(join(cache, 'v2'));
  t.ok(entries.length > 0);
  t.same(
    entries.filter((name) => !/^[0-9a-f]{64}$/.test(name)),
    [],
    'nothing is left behind',
  );
});

t.test('a full disk', { skip: asRoot }, async (t) => {
  const disk = t.testdir({});
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk]);
  try {
    mkdirSync(join(disk, 'cache/v2'), { recursive: true, mode: 0o700 });
    try {
      writeFileSync(join(disk, 'all'), Buffer.alloc(1 << 20));
    } catch {
      // It is full now.
    }
    t.same(said(await run(join(disk, 'cache'))), said(plain));
    t.same(readdirSync(join(disk, 'cache/v2')), [], 'nothing broken is left');
  } finally {
    execFileSync('umount', [disk]);
  }
});

t.test('a folder of somebody else, and a link to one', { skip: asRoot }, async (t) => {
  const folder = t.testdir({ theirs: {}, link: t.fixture('symlink', 'theirs') });
  chownSync(join(folder, 'theirs'), 65534, 65534);
  for (const cache of ['theirs', 'link']) t.same(said(await run(join(folder, cache))), said(plain));
  t.same(readdirSync(join(folder, 'theirs')), [], 'nothing is written there');
});
