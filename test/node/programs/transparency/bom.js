// A file that begins with a byte order mark.
function f() { return new Error("bom").stack.split("\n")[1] }
console.log(f(), String(f));
