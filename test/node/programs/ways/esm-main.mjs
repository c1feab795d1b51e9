import { inDeep, inCjs } from './deep.mjs';
import { inCjs as again, plain } from './compiled.cjs';
import data from './data.json' with { type: 'json' };
function inMain() { return inDeep() + inCjs() + again() + plain(); }
for (let i = 0; i < 3; i++) console.log(inMain(), data.json);
const { inEsm } = await import('./reexport.mjs');
console.log(inEsm(), (await import('data:text/javascript,export default function f() { return 1 }')).default());
