import t from 'tap';
import { Comparison } from './compare.js';
import { TOOLS } from './table.js';

t.setTimeout(900_000);
t.test('tools', (t) => new Comparison(t, TOOLS).all(t));
