// A file that is loaded anew with other contents: functions of both are in the places where they were.
const { writeFileSync, unlinkSync, mkdtempSync, rmdirSync } = require('fs');
const folder = mkdtempSync(require('path').join(require('os').tmpdir(), 'reloaded-'));
const file = `${folder}/part.js`;
function load(text) { writeFileSync(file, text); delete require.cache[file]; return require(file); }
const place = (part) => part.f().replaceAll(folder, '');
const F = "exports.f = () => (() => new Error('f').stack.split('\\n').slice(0, 3).join('|'))();";
const parts = [load(F), load(`\n\nconst a = () => 1; ${F}`), load(`${F} // the same and more`), load("exports.f = require('module')._nothing ?? String; exports.stack = new Error('plain').stack")];
console.log(parts.slice(0, 3).map(place).join('\n'), parts[3].stack.split('\n')[1].replaceAll(folder, ''));
console.log(place(load(`const b = [() => 1, () => 2]; ${F}`)), parts.slice(0, 3).map(place).join('\n'));
unlinkSync(file);
rmdirSync(folder);
