/** Files of every kind, good and bad: what the loader makes of them is what it makes of them without us. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { plainEnv, providerEnv, start, type Outcome } from '../harness/node.js';

const said = ({ code, signal, stdout, stderr }: Outcome): unknown => ({ code, signal, stdout, stderr });
const F = "function f() { return new Error('f').stack.split('\\n')[1]; }";
const SHOW = `${F} console.log(f(), String(f));`;
const BODY = 'function g(a) { if (a) { return a } else { return [1].map(function (x) { return x + 1 }) } } g(0);';

const TEXTS: Record<string, string | Buffer> = {
  empty: '',
  spaces: ' \n\t\n',
  'a comment alone': '// nothing',
  'a shebang': `#!/usr/bin/env node\n${SHOW}`,
  'a shebang alone': '#!/usr/bin/env node',
  'a byte order mark': `\ufeff${SHOW}`,
  'a byte order mark before a shebang': `\ufeff#!/usr/bin/env node\n${SHOW}`,
  'carriage returns': `${F}\r\n\r\nconsole.log(f());\rconsole.log(String(f)); throw f`,
  'line separators': `${F}\u2028console.log(f());\u2029console.log('\u2028'.length, String(f));`,
  'lone surrogates': Buffer.from('console.log(`\\ud800${"\\udfff"}`.length); ' + SHOW),
  'bytes that are no UTF-8': Buffer.from([
    0x63, 0x6f, 0x6e, 0x73, 0x6f, 0x6c, 0x65, 0x2e, 0x6c, 0x6f, 0x67, 0x28, 0x22, 0xff, 0xfe, 0xc0, 0x22, 0x29,
  ]),
  'UTF-16': Buffer.from(`\ufeff${SHOW}`, 'utf16le'),
  'NUL characters': `console.log('a\0b'.length); ${SHOW}`,
  'comments like in HTML': `<!-- one\n${SHOW}\n--> two\nvar x = 1; console.log(x-->0);`,
  'sloppy code': `with ({ a: 1 }) { console.log(a); } var undefined; delete x; arguments = 3; var let = 1, yield = 2, static = 010; ${SHOW} console.log(let, static, this === module.exports); y = 5; console.log(y, delete y); function dup(a, a) { return a } console.log(dup(1, 2)); l: { break l; } if (1) function h() { return 3 } console.log(h());`,
  'a return at the top': `${SHOW} return 5; console.log('never');`,
  'an await that is a name': `var await = 1; async function f2() {} console.log(await, ${JSON.stringify('x')}); ${SHOW}`,
  'no end': 'function f() { if (1) {',
  'a token too many': `${SHOW}\n)`,
  'a string that does not end': "console.log('a\n')",
  'a regular expression that is none': 'console.log(/(/);',
  'code after an error that comes late': `${SHOW}\nlet z = 1; let z = 2;`,
  'a bundle in one line': `${SHOW}!function(e){${BODY.repeat(60_000)}}();console.log(f())`,
  'a line of a million characters': `var s = "${'x'.repeat(1_000_000)}"; ${SHOW} console.log(s.length)`,
  'functions 3,000 deep': `${'(function () { '.repeat(3000)}console.log('deep')${' })()'.repeat(3000)}`,
  'an expression 5,000 long': `console.log(${'1+'.repeat(5000)}1); ${SHOW}`,
  'more than the limit': `${SHOW}\n/*${'x'.repeat(17 * 1024 * 1024)}*/`,
  'our own marker': `console.log("__pp_e", typeof __pp_e2); ${SHOW}`,
  'a hashbang later': `${SHOW}\n#!/usr/bin/env node`,
  'a source map that is none': `${SHOW}\n//# sourceMappingURL=data:application/json;base64,!!!!`,
  'a source map of nothing': `${SHOW}\n//# sourceMappingURL=/proc/self/mem`,
  'a source map without end': `${SHOW}\n//# sourceMappingURL=/dev/zero`,
};

t.test('texts of every kind', async (t) => {
  const folder = t.testdir({});
  const env = { POLYPROBE_CACHE: join(folder, 'cache') };
  for (const [name, text] of Object.entries(TEXTS))
    for (const extension of ['.cjs', '.mjs', '']) {
      if (extension === '.mjs' && text.length > 2_000_000) continue;
      const file = join(folder, `program${extension}`);
      writeFileSync(file, text);
      const plain = await start(process.execPath, [file], { env: { ...plainEnv(), ...env } }).done;
      const ours = await start(process.execPath, [file], { env: { ...providerEnv(), ...env } }).done;
      t.same(said(ours), said(plain), `${name} ${extension}`);
    }
});

t.test('places of every kind', async (t) => {
  const folder = t.testdir({
    folder: {},
    'package.json': '{}',
    'replaced.cjs': `const fs = require('fs'); fs.writeFileSync(__dirname + '/part.cjs', 'exports.a = () => 1;'); const a = require('./part.cjs').a; fs.writeFileSync(__dirname + '/part.cjs', 'exports.b = () => 2; // other'); delete require.cache[require.resolve('./part.cjs')]; const { b } = require('./part.cjs'); fs.unlinkSync(__dirname + '/part.cjs'); ${F} console.log(a(), b(), String(a), String(b), f()); try { require('./part.cjs'); } catch {}  fs.unlinkSync(__filename); console.log(f());`,
    'json.cjs':
      'console.log(require("./good.json").a); try { require("./bad.json") } catch (error) { console.log(error.message) }',
    'good.json': '\ufeff{"a": 1}',
    'bad.json': '{"a": }',
    'wasm.mjs': `import fs from 'fs'; const { instance } = await WebAssembly.instantiate(fs.readFileSync(new URL('./add.wasm', import.meta.url))); console.log(instance.exports.add(1, 2)); try { await import('./add.wasm') } catch (error) { console.log(error.code) }`,
    'data.mjs': `import { a } from 'data:text/javascript,export function a() { return new Error("a").stack }'; console.log(a());`,
    'cycle.cjs': `exports.a = 1; const other = require('./cycle2.cjs'); console.log(other.b, String(other.f));`,
    'cycle2.cjs': `exports.b = require('./cycle.cjs').a; exports.f = function f() { return 1; };`,
  });
  writeFileSync(
    join(folder, 'add.wasm'),
    Buffer.from('0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b', 'hex'),
  );
  symlinkSync('loop.js', join(folder, 'loop.js'));
  symlinkSync('folder', join(folder, 'folder/again'));
  mkdirSync(join(folder, 'a\nb:c d'));
  writeFileSync(join(folder, 'a\nb:c d/x.cjs'), SHOW);
  writeFileSync(join(folder, 'secret.cjs'), SHOW, { mode: 0 });
  execFileSync('mkfifo', [join(folder, 'pipe.js')]);
  for (const place of [
    'folder',
    'loop.js',
    'replaced.cjs',
    'json.cjs',
    'wasm.mjs',
    'data.mjs',
    'cycle.cjs',
    'a\nb:c d/x.cjs',
    'secret.cjs',
    '/dev/null',
    '/proc/self/mem',
    'none.js',
    '.',
    '',
  ]) {
    const restored = join(folder, 'replaced.cjs');
    const text = execFileSync('cat', [restored]);
    const results: unknown[] = [];
    for (const env of [plainEnv(), providerEnv()]) {
      writeFileSync(restored, text);
      const running = start(process.execPath, [place], { cwd: folder, env });
      running.child.stdin!.end();
      results.push(said(await running.done));
    }
    writeFileSync(restored, text);
    t.same(results[1], results[0], JSON.stringify(place));
  }
});

t.test('thousands of modules', async (t) => {
  const folder = t.testdir({
    'main.cjs': `const fs = require('fs'); let sum = 0;
      for (let i = 0; i < 2000; i++) { const file = __dirname + '/m' + i % 50 + '.cjs'; fs.writeFileSync(file, 'exports.f = function f' + i + '() { return ' + i + ' }'); sum += require(file).f(); delete require.cache[file]; }
      console.log(sum);`,
  });
  const env = { POLYPROBE_CACHE: join(folder, 'cache') };
  const plain = await start(process.execPath, ['main.cjs'], { cwd: folder, env: plainEnv() }).done;
  const ours = await start(process.execPath, ['main.cjs'], { cwd: folder, env: { ...providerEnv(), ...env } }).done;
  t.same(said(ours), said(plain));
});
