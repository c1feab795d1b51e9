import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { plainEnv, providerEnv, start } from '../harness/node.js';

const folder = mkdtempSync(join(tmpdir(), 'polyprobe-uncaught-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const PROGRAMS: [name: string, text: string][] = [
  ['thrown.cjs', `function f() { throw new Error('thrown') }\nf()\n`],
  ['engine.cjs', `function g(o) {\n\treturn o.a.b.c; }\nfunction f() { g({ a: {} }) } f()\n`],
  ['module.mjs', `export function f() { null.x; } f();\n`],
  ['late.cjs', `setTimeout(function late() { const o = undefined; o() }, 1)\n`],
  ['rejected.cjs', `async function f() { await 1; throw new TypeError('rejected') }\nf()\n`],
  [
    'handled.cjs',
    `process.on('uncaughtException', (e) => console.log(e.stack)); (function f() { throw new Error('handled') })()\n`,
  ],
];

for (const [name, text] of PROGRAMS)
  t.test(`an uncaught error is printed as without us: ${name}`, async (t) => {
    const program = join(folder, name);
    writeFileSync(program, text);
    const plain = await start(process.execPath, [program], { env: plainEnv() }).done;
    const ours = await start(process.execPath, [program], { env: providerEnv() }).done;
    t.equal(ours.stderr, plain.stderr);
    t.same([ours.stdout, ours.code], [plain.stdout, plain.code]);
    t.match(plain.stdout + plain.stderr, /\n {4}at /);
  });
