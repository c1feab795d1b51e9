// Registers hooks of its own, which run on Node's loader thread where there is one.
import { register } from 'node:module';
register('./hooks.mjs', import.meta.url, { data: { word: 'given' } });
const { word, shown } = await import('virtual:word');
console.log(word, shown);
await import('virtual:none').catch((error) => console.log(error.message));
