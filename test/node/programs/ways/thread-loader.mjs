import { register } from 'node:module';
register('./thread-hooks.mjs', import.meta.url);
