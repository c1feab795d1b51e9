/**
 * preload: what NODE_OPTIONS names, so that every Node under `polyprobe run` begins with it, whatever its version.
 *
 * Written in the JavaScript of 2015, because an old Node reads it too. Nothing that goes wrong here may reach the program.
 */
/* eslint-disable no-var */
var OLDEST = 20;

function say(text: string, todo: string): void {
  // `polyprobe run` asks for one line on stderr when nothing can be traced; a service's environment doesn't.
  if (process.env['POLYPROBE_NOTICE'] !== '1') return;
  delete process.env['POLYPROBE_NOTICE'];
  try {
    process.stderr.write('polyprobe: off: ' + text + (todo ? '\n  to do: ' + todo : '') + '\n');
    // Without the name, Node 8 couldn't even read this file.
    // eslint-disable-next-line @typescript-eslint/no-unused-vars
  } catch (closed) {
    // The program has closed its stderr.
  }
}

try {
  if (parseInt(process.versions.node, 10) < OLDEST) {
    say('this is Node.js ' + process.versions.node + ', expected ' + OLDEST + ' or later', 'use a newer Node.js');
  } else {
    var status = (require('./index.cjs') as typeof import('./index.cjs')).status();
    if (!status.active && status.code !== 'disabled' && status.code !== 'loader-thread')
      say(status.message, status.todo);
  }
} catch (error) {
  say(String(error), 'npm rebuild polyprobe');
}
// The program may look at what has been loaded.
delete require.cache[__filename];
