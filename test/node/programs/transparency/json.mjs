import { createRequire } from 'node:module';
import data from './part.json' with { type: 'json' };
import part, { add } from './part.js';
const again = await import('./part.js');
console.log(data.json, add(1, 2), part.add === add, again.add === add, createRequire(import.meta.url)('./part.js').add === add, String(add));
console.log(import.meta.url.endsWith('json.mjs'), typeof require, this === undefined);
try { await import('./missing.mjs'); } catch (error) { console.log(error.code, error.message.includes('missing.mjs')); }
try { await import('./broken.mjs'); } catch (error) { console.log(error.name, error.message); }
try { await import('./part.json'); } catch (error) { console.log(error.code, error.message.replace(/"file:.*\//, '')); }
