export const unused = [() => 1]; export function queried() { return new Error('q').stack.split('\n')[1]; }
