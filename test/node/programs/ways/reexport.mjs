export { inEsm } from './inner.mjs';
