const { readFileSync } = require('node:fs');
const acorn = require('acorn');
const text = readFileSync(require.resolve('lodash/lodash.js'), 'utf8');
module.exports = () => acorn.parse(text, { ecmaVersion: 'latest' });
