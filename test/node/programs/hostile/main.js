// main.js CASE [ROUNDS]: does something hostile, then loads a file and lets it do everything; once more when each file is there.
const { writeSync, existsSync } = require('fs');
const cases = require('./cases.js');
const before = require('./work.js');
const { apply } = Reflect;
const log = (text) => { writeSync(1, `${text}\n`); };
const name = process.argv[2];
const rounds = +process.argv[3] || 0;
const go = `${process.env.SIGNALS}/${name}`;
log(before.sync());
cases[name](log, apply);
const after = require('./later.js');
log(after.sync());
for (let round = 1; round <= rounds; round++) {
  log('ready');
  // It never yields.
  while (!existsSync(`${go} ${round}`));
  log(after.sync());
  log(before.sync());
}
after.async(log);
