import t from 'tap';
import { Comparison } from './compare.js';
import { FAILURES } from './table.js';

t.setTimeout(900_000);
t.test('failures', (t) => new Comparison(t, FAILURES).all(t));
