export function inEsm() { return 'esm'; }
