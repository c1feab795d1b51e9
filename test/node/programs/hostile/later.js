'use strict';
// Everything that instrumentation touches; `known` is called five times by sync, and nowhere else.
class Made { #x = 1; static s = 2; constructor(y) { this.y = y; } get x() { return this.#x; } *each() { yield this.#x; yield this.y; } async later() { await null; return this.x + this.y; } }
function known(a, b = a) { return a + b; }
const arrow = (n) => n * 2;
function thrower(what) { throw new Error(what); }
function catcher() { try { thrower('caught'); } catch (error) { return error.message; } finally { known(1); } }
function place() { const error = new Error('place'); return typeof error.stack === 'string' ? error.stack : typeof error.stack; }
function count() { return arguments.length; }
const { shown, apply } = require('./kept.js');
const lines = (text) => { let short = ''; let n = 0; for (let i = 0; i < text.length && n < 3; i++) { if (text[i] === '\n') n++; short += text[i] === '\n' ? '|' : text[i]; } return short; };
exports.sync = function sync() {
  return known(1) + ' ' + known(1, 2) + ' ' + arrow(4) + ' ' + catcher() + ' ' + count(1, 2, 3) + ' ' + new Made(3).x + known(2) + known(3) + ' ' + apply(shown, known, []) + ' ' + lines(place());
};
async function rejecting() { await null; thrower('rejected'); }
exports.async = async function (log) {
  let n = 0;
  const made = new Made(4);
  n += await made.later();
  const each = made.each();
  n += each.next().value;
  n += each.next().value;
  try { await rejecting(); } catch (error) { n += error.message.length; }
  log(n);
};
