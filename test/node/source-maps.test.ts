/** Programs with source maps, inline or in files of their own: what Node makes of them is what it makes of them without us. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { plainEnv, providerEnv, start, type Outcome } from '../harness/node.js';

/** The compiler that tsx comes with. */
const { transformSync } = createRequire(createRequire(import.meta.url).resolve('tsx'))('esbuild') as {
  transformSync(source: string, options: object): { code: string; map: string };
};

/** Several functions in one line of what is compiled, and errors of several lines of the original. */
const SOURCE = `function inner(x: number): never {
\tconst 幅 = '日本語😀e\u0301'; throw new TypeError('x' + x + 幅) }
function outer(a: number) { const b = a + 1; return inner(b) }
class K { m = (v: number) => { return outer(v) }; async am(v: number) { await null; return this.m(v) } }
import { createRequire } from 'node:module'; const { getCallSites } = createRequire('/')('node:util');
const sites = () => [getCallSites?.(2), getCallSites?.(1, { sourceMap: true }), getCallSites?.({ sourceMap: false })[0]].flat().map((one) => one && [one.functionName, one.scriptName, one.lineNumber, one.columnNumber].join());
console.log(((n) => sites())(1));
try { outer(1) } catch (e) { console.log((e as Error).stack) }
const f = process.argv[2] === 'text' ? (): never => { throw 'text' } : () => outer(9);
new K().am(3).catch((e) => { console.log(e.stack); setTimeout(() => f(), 1) });
`;

const said = ({ code, signal, stdout, stderr }: Outcome): unknown => ({ code, signal, stdout, stderr });

/** Runs one without us and with us, with maps and without. */
async function same(t: Test, name: string, cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  for (const flags of [['--enable-source-maps'], []])
    for (const more of [[], ['text']]) {
      const args = [...flags, name, ...more];
      const run = (base: NodeJS.ProcessEnv): Promise<Outcome> =>
        start(process.execPath, args, { cwd, env: { ...base, ...env } }).done;
      const plain = await run(plainEnv());
      t.equal(plain.code, 1, plain.stderr);
      if (flags.length) t.match(plain.stderr + plain.stdout, /a\.ts:2/, 'places are the original');
      t.same(said(await run(providerEnv())), said(plain), args.join(' '));
    }
}

t.test('places lead to the original by any map', async (t) => {
  const folder = t.testdir({ 'a.ts': SOURCE });
  const env = { POLYPROBE_CACHE: join(folder, 'cache'), POLYPROBE_INCLUDE: '**' };
  for (const [extension, format] of [
    ['cjs', 'cjs'],
    ['mjs', 'esm'],
  ] as const)
    for (const minify of [true, false])
      for (const map of ['external', 'inline', 'without contents'] as const) {
        const options = {
          ...{ loader: 'ts', format, minify, sourcefile: 'a.ts', keepNames: map === 'without contents' },
          ...{ sourcemap: map === 'inline' ? 'inline' : 'external', sourcesContent: map !== 'without contents' },
        };
        const { code, map: text } = transformSync(SOURCE, options);
        const name = `program.${extension}`;
        const isApart = map !== 'inline';
        writeFileSync(join(folder, name), isApart ? `${code}//# sourceMappingURL=${name}.map\n` : code);
        writeFileSync(join(folder, `${name}.map`), text);
        await t.test(`${extension}, ${minify ? 'minified' : 'as it is'}, ${map}`, async (t) => {
          await same(t, name, folder, env);
        });
      }
});
