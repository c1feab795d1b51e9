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

/** A program that lists what has been loaded sees what it would see without us. */
function hide(): void {
  var loader = require('module') as typeof import('module') & Record<'_cache' | '_pathCache', Record<string, unknown>>;
  var isOurs = function (path: unknown): boolean {
    return typeof path === 'string' && path.startsWith(__dirname);
  };
  Object.keys(loader._cache)
    .filter(isOurs)
    .forEach(function (path) {
      delete loader._cache[path];
    });
  Object.keys(loader._pathCache).forEach(function (request) {
    if (isOurs(loader._pathCache[request])) delete loader._pathCache[request];
  });
}

try {
  if (parseInt(process.versions.node, 10) < OLDEST) {
    say('this is Node.js ' + process.versions.node + ', expected ' + OLDEST + ' or later', 'use a newer Node.js');
  } else {
    var status = (require('./index.cjs') as typeof import('./index.cjs')).status();
    if (!status.active && status.code !== 'disabled' && status.code !== 'loader-thread')
      say(status.message, status.todo);
    hide();
  }
} catch (error) {
  var denied = (error as { code?: unknown }).code === 'ERR_ACCESS_DENIED';
  say(
    String(error),
    denied ? 'add --allow-addons --allow-fs-read=' + __dirname + '/../../../' : 'npm rebuild polyprobe',
  );
}
