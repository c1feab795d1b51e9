import t from 'tap';
import { Comparison } from './compare.js';
import { LIBRARIES } from './table.js';

t.setTimeout(900_000);
t.test('libraries', (t) => new Comparison(t, LIBRARIES).all(t));
