import { inEsm } from './inner.mjs';
export { inCjs } from './inner.cjs';
export function inDeep() { return inEsm(); }
