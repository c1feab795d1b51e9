import { Corner, stack, type Apples } from './shop.mts';
import { createRequire } from 'node:module';
const corner: Corner = new Corner();
for (let i = 0; i < 20; i++) corner.sell({ count: i } satisfies Apples);
console.log(stack(41), stack(1));
console.log(String(stack));
const { stack: other } = createRequire(import.meta.url)('./shop.cts') as { stack(n: number): string };
console.log(other(42));
