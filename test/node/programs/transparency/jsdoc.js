// Types are told by import(…) in comments: no sign of ES modules, for which Node 20 would start a thread, and show it below.
/** @type {import('node:fs').Stats | undefined} */
let stats;
/**
 * @param {import('node:path').ParsedPath} path
 */
async function later(path) {
  // import('nothing')
  await path;
  console.log(new Error(String(stats)).stack);
}
later();
