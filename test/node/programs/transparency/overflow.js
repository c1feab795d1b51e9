// Where a function is when the stack is full: at its first statement, wherever that is.
const show = (f) => { try { f(); } catch (error) { console.log(error.message, error.stack.split('\n').slice(1, 3).join('|')); } };
function returns(n) {
  return returns(n + 1) + 1;
}
function declares(n) {
  // a comment; and another
  const x = declares(n + 1);
  return x;
}
function decides(n) { if (n) decides(n); decides(1); }
function loops() {

  for (let i = 0; i < 3; i++) loops();
}
const arrow = (n) => arrow(n + 1);
const expression = function (n) {
  'use strict';
  let y, z = expression(n);
  return z;
};
function takesApart() { const { a } = takesApart(); } function throws() { throw throws(); } function block() { { block(); } }
function labelled() { here: labelled(); }
class A { constructor() { new A(); } static s() { while (true) A.s(); } }
for (const f of [returns, declares, decides, loops, arrow, expression, takesApart, throws, block, labelled, () => new A(), () => A.s()]) show(() => f(1));
