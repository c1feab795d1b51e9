import { createRequire } from 'node:module';
import { dual } from 'dual';
const one = () => dual();
const other = () => createRequire(import.meta.url)('dual').dual();
console.log(one(), other());
