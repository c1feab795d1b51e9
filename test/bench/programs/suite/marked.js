const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { marked } = require('marked');
const text = ['marked', 'eslint', 'fastify', 'commander']
  .map((name) => readFileSync(join(__dirname, '../../../../node_modules', name, name === 'commander' ? 'Readme.md' : 'README.md'), 'utf8'))
  .join('\n\n');
module.exports = () => marked.parse(text);
