import { createRequire } from 'node:module';
import './marked.mjs';
const { refused } = createRequire(import.meta.url)(process.argv[2]);
console.log(JSON.stringify(refused().map(({ file, reason }) => [file.split('/').at(-1), reason])));
