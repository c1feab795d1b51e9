// A program that empties its global object, and deletes what it can of process.
function before() { return 'before'; }
const { log } = console;
delete process.binding;
for (const name of Reflect.ownKeys(globalThis)) if (name !== 'process') try { delete globalThis[name]; } catch {}
function later() { try { throw before(); } catch (text) { return text; } }
log(before(), later(), `${before}`);
