import { made } from './it.made.cjs';
console.log(made());
