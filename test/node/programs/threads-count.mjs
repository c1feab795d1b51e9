// Imports early and late, and says how many threads there are then.
import { readdirSync } from 'node:fs';
import './ways/inner.mjs';
await import('./ways/inner.mjs?again');
console.log(readdirSync('/proc/self/task').length);
