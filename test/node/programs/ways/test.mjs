import test from 'node:test';
import { inEsm } from './inner.mjs';
test('calls', () => { for (let i = 0; i < 4; i++) inEsm(); });
console.log(`pid ${process.pid}`);
