import { resolve } from 'node:path';
import t from 'tap';
import { selector } from '../../providers/node/instrument/select.cjs';

const root = '/srv/app (1)';

t.test("by default the application's own files are selected", (t) => {
  const selected = selector({ root });
  for (const path of [`${root}/a.js`, `${root}/lib/.b/c.mjs`, '/srv/other/d.js', 'file:///srv/app%20(1)/e.js'])
    t.ok(selected(path), path);
  for (const path of [
    `${root}/node_modules/a/b.js`,
    '/node_modules/a.js',
    'node:fs',
    'fs',
    'data:text/javascript,1',
    'file://host/a',
  ])
    t.notOk(selected(path), path);
  t.end();
});

t.test('an application that is itself installed as a package is selected', (t) => {
  const selected = selector({ root: '/usr/lib/node_modules/app' });
  t.ok(selected('/usr/lib/node_modules/app/a.js'));
  t.notOk(selected('/usr/lib/node_modules/app/node_modules/b/a.js'));
  t.notOk(selected('/usr/lib/node_modules/b/a.js'));
  t.end();
});

t.test('globs and paths replace the default', (t) => {
  const selected = selector({
    root,
    include: ['src/**/*.js', './node_modules/express', '/opt/*/x.js', '../lib/**', 'one.js'],
  });
  for (const path of [
    `${root}/src/a.js`,
    `${root}/src/b/c.js`,
    `${root}/node_modules/express/lib/a.js`,
    '/opt/a/x.js',
    '/srv/lib/a/b.js',
    `${root}/one.js`,
  ])
    t.ok(selected(path), path);
  for (const path of [`${root}/a.js`, `${root}/node_modules/express2/a.js`, '/opt/a/b/x.js', `${root}/one.js2`])
    t.notOk(selected(path), path);
  t.end();
});

t.test('what is excluded is taken from the default, or from what is included', (t) => {
  const application = selector({ root, exclude: ['**/*.min.js', 'vendor'] });
  t.ok(application(`${root}/a.js`));
  t.notOk(application(`${root}/b/a.min.js`));
  t.notOk(application(`${root}/vendor/a.js`));
  t.notOk(application(`${root}/node_modules/a.js`));
  const all = selector({ root, include: ['**'], exclude: ['**/test/**'] });
  t.ok(all(`${root}/node_modules/a.js`));
  t.notOk(all(`${root}/node_modules/test/a.js`));
  t.end();
});

t.test('polyprobe itself is never selected', (t) => {
  const own = resolve(import.meta.dirname, '../../providers/node/index.cjs');
  t.notOk(selector({ root: '/' })(own));
  t.notOk(selector({ root: '/', include: ['/**'] })(own));
  t.end();
});
