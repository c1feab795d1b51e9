import { deepen } from './depth.cjs';
let word;
export function initialize(data) {
  word = data.word;
}
export async function resolve(specifier, context, next) {
  if (!specifier.startsWith('virtual:')) return next(specifier, context);
  if (specifier === 'virtual:none') throw new Error(`no ${specifier}`);
  return { url: specifier, shortCircuit: true };
}
const source = (shown) => `export const word = ${JSON.stringify(word)}, shown = ${JSON.stringify(shown)};`;
export async function load(url, context, next) {
  if (!url.startsWith('virtual:')) return next(url, context);
  try {
    await deepen(3);
  } catch (error) {
    return { format: 'module', shortCircuit: true, source: source(error.message) };
  }
}
