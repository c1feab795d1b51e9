export function inModule(n) { return n + 1; }
