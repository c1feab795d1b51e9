// Node's own test runner, in one process: its places in files.
const { test } = require('node:test');
const assert = require('node:assert');
test('passes', () => { assert.strictEqual(1, 1); });
test('fails', () => { assert.strictEqual(1, 2); });
