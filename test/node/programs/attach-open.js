// Frames that are open, and functions that are suspended, when tracers come and go. The test says when to go on, by stdin.
const { hooked, told, say } = require('./hooks.js');

function inner(n) {
  return n;
}
// Open at the attach: the outer frames were entered before anybody traced.
function outermost() {
  return outer() + 1;
}
function outer() {
  return holds('attached') + 1;
}
function holds(what) {
  say(`holding ${what}`);
  while (!hooked());
  while (!told(what));
  inner(1);
  return 1;
}
function throws() {
  holds('thrown');
  throw new Error('entered untraced');
}
function catches() {
  try {
    throws();
  } catch {
    inner(2);
  }
}
// Open at the detach.
function leaves() {
  return stays() + 1;
}
function stays() {
  say('holding detached');
  while (!told('detached'));
  while (hooked());
  return inner(3);
}
let release;
async function later(n) {
  try {
    await new Promise((resolve, reject) => (release = [resolve, reject]));
  } catch {}
  inner(n);
  return n;
}
function* steps() {
  try {
    yield inner(1);
    yield inner(2);
    yield inner(3);
  } finally {
    inner(4);
  }
}
const line = () =>
  new Promise((resolve) => process.stdin.once('data', (text) => resolve(String(text).trim())));

async function main() {
  outermost();
  while (hooked());
  catches();
  while (hooked());
  say('done open');
  await line();
  while (!hooked());
  say('hooked leaving');
  leaves();
  say('done detached');
  // Suspended over a detach and an attach, in both ways that resume them.
  for (const way of [0, 1]) {
    await line();
    while (!hooked());
    say(`hooked suspending ${way}`);
    const [first, second, third] = [steps(), steps(), steps()];
    first.next();
    second.next();
    third.next();
    const promise = later(way);
    say(`suspended ${way}`);
    await line();
    while (!hooked());
    say(`hooked resuming ${way}`);
    release[way](new Error('rejected'));
    await promise;
    first.next();
    first.next();
    first.next();
    second.return(5);
    try {
      third.throw(new Error('into it'));
    } catch {}
    say(`resumed ${way}`);
  }
  await line();
  process.stdin.destroy();
}
main();
