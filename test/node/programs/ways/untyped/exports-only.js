export function inMain() { return 1; }
console.log(inMain());
