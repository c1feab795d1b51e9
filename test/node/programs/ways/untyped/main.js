import { inEsm } from '../inner.mjs';
function inMain() { return inEsm(); }
console.log(inMain(), typeof require);
