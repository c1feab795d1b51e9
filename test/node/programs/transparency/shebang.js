#!/usr/bin/env node
function f() { return new Error("shebang").stack.split("\n")[1] }
console.log(f(), String(f));
