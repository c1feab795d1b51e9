/**
 * `npm run setup`: everything that a fresh clone needs, and nothing that it has already.
 *
 *   npm run setup                    for `npm start` and `npm test`
 *   npm run setup -- --for start     for `npm start` alone: what `npm start` runs first
 *   npm run setup -- --for ci        with the linters as well
 *   npm run setup -- --dry-run       only says what it would do; exit status 1 when there is something
 *
 * Owns: the order of the steps. Runs on a bare Node.js: nothing here may import from node_modules. Nothing is said when
 * nothing is to do, so that `npm start` begins with its own words.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installedNode, MAJORS, nodeInstall } from './nodes.mjs';
import { compileNeeded, mark, modulesNeeded, nativeNeeded, nativeStamp, TYPESCRIPT_STAMP } from './project.mjs';
import { fail, isFirstStep, runAsRoot, runOrFail, say } from './say.mjs';
import { aptCommands, distribution, missingPackages, tracefsCommand } from './system.mjs';

/** What can be set up; each contains those before it. */
const LEVELS = ['start', 'test', 'ci'];

const top = join(dirname(fileURLToPath(import.meta.url)), '../..');

function readArguments() {
  const args = process.argv.slice(2);
  let level = 'test';
  let dry = false;
  while (args.length > 0) {
    const word = args.shift();
    if (word === '--dry-run') dry = true;
    else if (word === '--for' && LEVELS.includes(args[0])) level = args.shift();
    else fail(`'${word}' is not understood`, `--for ${LEVELS.join(' | ')}, or --dry-run`, 2);
  }
  return { level, dry };
}

/** Says once why the rest is pointless, on a machine where it is. */
function checkMachine() {
  if (process.platform !== 'linux')
    fail(
      `polyprobe's probes need Linux; this is ${process.platform}`,
      'run it on Linux: a virtual machine will do (Debian 12, Ubuntu), a container needs --privileged and --pid=host',
    );
  if (Number(process.versions.node.split('.')[0]) < 20)
    fail(`Node.js 20 or later is needed; this is ${process.version}`, 'install a newer one: https://nodejs.org/');
}

/** Steps that need root: what each is for, and its commands. */
function systemSteps(level) {
  const listed = JSON.parse(readFileSync(join(top, 'core/setup/dependencies.json'), 'utf8'));
  const wanted = listed.filter((entry) => LEVELS.indexOf(entry.for) <= LEVELS.indexOf(level));
  const missing = missingPackages(wanted);
  const steps = [];
  if (missing.length > 0) {
    const system = distribution();
    const table = missing.map((entry) => `    ${entry.name.padEnd(24)}${entry.why}`).join('\n');
    if (!system.apt)
      fail(
        `these are missing on ${system.title}:\n${table}`,
        'install them by the package manager of your system, then the same command again',
      );
    steps.push({
      what: `packages of ${system.title}:\n${table}`,
      commands: aptCommands(missing.map((entry) => entry.name)),
    });
  }
  const mount = tracefsCommand();
  if (mount) steps.push({ what: 'tracefs, the kernel’s list of events, is not mounted', commands: [mount] });
  return steps;
}

/** Node.js in the other versions that are served, each with its native part: tests run on all of them. */
function nodeSteps() {
  return MAJORS.filter((major) => major !== process.versions.node.split('.')[0]).flatMap((major) => {
    const found = installedNode(top, major);
    const native = found ? nativeNeeded(top, found) : 'a new version';
    const steps = [];
    if (!found)
      steps.push({
        what: `Node.js ${major}, into build (to test with)`,
        run: () => runOrFail('npm', nodeInstall(top, major), top),
      });
    if (native)
      steps.push({
        what: `the native part for Node.js ${major}, into build (${native})`,
        run() {
          const { path } = installedNode(top, major);
          runOrFail(process.execPath, ['core/setup/build-native.mjs', '--required', '--node', path], top);
        },
        stamp: () => nativeStamp(installedNode(top, major).modules),
      });
    return steps;
  });
}

/** Steps within the project. A step with a stamp is done until a source is newer. */
function projectSteps(level) {
  const steps = [];
  const modules = modulesNeeded(top);
  if (modules)
    steps.push({
      what: `npm packages, into node_modules (${modules})`,
      // The package's own install script would build the native part; that is a step of its own, with its own messages.
      run: () => runOrFail('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], top),
    });
  const compile = modules ? 'new packages' : compileNeeded(top);
  if (compile)
    steps.push({
      what: `TypeScript, into dist (${compile})`,
      run: () => runOrFail('npm', ['run', '--silent', 'build:ts'], top),
      stamp: () => TYPESCRIPT_STAMP,
    });
  const native = nativeNeeded(top);
  if (native)
    steps.push({
      what: `the native part, into build (${native})`,
      run: () => runOrFail(process.execPath, ['core/setup/build-native.mjs', '--required'], top),
      stamp: () => nativeStamp(),
    });
  if (level !== 'start') steps.push(...nodeSteps());
  return steps;
}

const { level, dry } = readArguments();
checkMachine();
const system = systemSteps(level);
const project = projectSteps(level);

if (system.length + project.length === 0) {
  // Said when it was asked for by hand, not before each start.
  if (!isFirstStep()) say('everything is there');
} else if (dry) {
  for (const { what } of [...system, ...project]) say(`would set up: ${what}`);
  process.exitCode = 1;
} else {
  if (system.length > 0) await runAsRoot(system);
  for (const { what, run, stamp } of project) {
    say(what);
    const begun = new Date();
    run();
    if (stamp) mark(top, stamp(), begun);
  }
  say('ready');
}
