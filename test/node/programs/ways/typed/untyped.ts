import { Corner } from './shop.mts';
const sold = (n: number): number => new Corner().sell({ count: n });
console.log(sold(1), sold(2));
