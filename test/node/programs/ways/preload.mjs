import { inEsm } from './inner.mjs';
function inPreload() { return inEsm(); }
globalThis.preloaded = inPreload();
