import { made } from './it.made.mjs';
console.log(made(), made());
