import { readFile } from 'node:fs/promises';
export async function load(url, context, next) {
  if (/\.made\.cjs$/.test(url)) {
    const source = `${await readFile(new URL(url))}`.replace('WORD', 'function made() { return 7 }');
    return { format: 'commonjs', source, shortCircuit: true };
  }
  const result = await next(url, context);
  if (!/\.made\.mjs$/.test(url)) return result;
  return { ...result, source: `${result.source}`.replace('WORD', 'function made() { return 7 }') };
}
