/** Node.js: recognised by its program file, loaded by NODE_OPTIONS. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import satisfies from 'semver/functions/satisfies.js';
import { SUPPORTED_NODE } from '../../providers/node/addon.cjs';
import { joinPatterns, VARIABLES } from '../../providers/node/options.cjs';
import { NATIVE, PACKAGE, PROVIDERS } from '../paths.js';
import { findInPath } from './path-search.js';
import type { Installation, Obstacle, Runtime, RunOptions } from './types.js';

/** What NODE_OPTIONS names. */
export const PRELOAD = join(PROVIDERS, 'node/preload.cjs');

/**
 * One option in NODE_OPTIONS: the value in double quotes where it has spaces or quotes (Node 12 and later;
 * https://nodejs.org/docs/latest-v20.x/api/cli.html#node_optionsoptions).
 */
function nodeOption(path: string): string {
  return /[\s"\\]/.test(path) ? `--require="${path.replace(/["\\]/g, '\\$&')}"` : `--require=${path}`;
}

function environment(options: RunOptions, env: NodeJS.ProcessEnv): Record<string, string> {
  const ours = nodeOption(PRELOAD);
  const given = env['NODE_OPTIONS'] ?? '';
  const set: Record<string, string> = {};
  if (!given.includes(ours)) set['NODE_OPTIONS'] = given.trim() === '' ? ours : `${ours} ${given}`;
  else set['NODE_OPTIONS'] = given;
  if (options.include) set[VARIABLES.include] = joinPatterns(options.include);
  if (options.exclude) set[VARIABLES.exclude] = joinPatterns(options.exclude);
  if (options.root !== undefined) set[VARIABLES.root] = options.root;
  if (!options.functions) set[VARIABLES.functions] = '0';
  if (options.report !== undefined) set[VARIABLES.report] = options.report;
  return set;
}

/** The words of NODE_OPTIONS; its quotes aren't taken apart, as no option that is looked for has any. */
const words = (env: NodeJS.ProcessEnv): string[] =>
  (env['NODE_OPTIONS'] ?? '').split(/\s+/).filter((word) => word !== '');

/** Files that the words name to be loaded first. */
function preloads(options: readonly string[]): string[] {
  return options.flatMap((option, index) => {
    const match = /^(?:--require|-r|--import|--loader|--experimental-loader)(?:=(.+))?$/.exec(option);
    const file = match?.[1] ?? (match ? options[index + 1] : undefined);
    return file === undefined ? [] : [file.replace(/^"|"$/g, '').replace(/^file:\/\//, '')];
  });
}

function obstacles(env: NodeJS.ProcessEnv): Obstacle[] {
  const options = words(env);
  const found: Obstacle[] = [];
  if (/^(off|0|no|false)$/i.test(env[VARIABLES.switch] ?? ''))
    found.push({
      what: `${VARIABLES.switch}=${env[VARIABLES.switch]} switches polyprobe off`,
      todo: `unset ${VARIABLES.switch}`,
    });
  if (options.includes('--no-addons'))
    found.push({
      what: "NODE_OPTIONS has --no-addons: the native part can't be loaded",
      todo: 'take --no-addons out of NODE_OPTIONS',
    });
  const permission = options.find((option) => option === '--permission' || option === '--experimental-permission');
  if (permission !== undefined && !options.includes('--allow-addons'))
    found.push({
      what: `NODE_OPTIONS has ${permission} without --allow-addons: the native part can't be loaded`,
      todo: `add to NODE_OPTIONS: --allow-addons --allow-fs-read=${join(PROVIDERS, '../..')}/`,
    });
  for (const file of preloads(options)) {
    if (file.startsWith('/') && !existsSync(file))
      found.push({
        what: `NODE_OPTIONS loads ${file}, which isn't there: no Node.js can start`,
        todo: 'take it out of NODE_OPTIONS',
      });
    else if (file !== PRELOAD && /\/polyprobe\/(.*\/)?preload\.cjs$/.test(file))
      found.push({
        what: `NODE_OPTIONS loads another installation of polyprobe: ${file}`,
        todo: 'use one of the two: the first that loads is the one that fires',
      });
  }
  return found;
}

const isNode = (name: string): boolean => /^(node|nodejs)(\d+)?( \(deleted\))?$/.test(basename(name));

/** Node's own options in a command line. */
function ownOptions(command: readonly string[]): readonly string[] {
  if (command[0] === undefined || !isNode(command[0])) return [];
  let index = 1;
  while (index < command.length && command[index]!.startsWith('-')) index += WITH_VALUE.has(command[index]!) ? 2 : 1;
  return command.slice(1, index);
}

/** Paths that options let a program read under Node's permission model. */
const readable = (options: readonly string[]): string[] =>
  options.flatMap((option, index) => {
    const match = /^--allow-fs-read(?:=(.*))?$/.exec(option);
    return match ? (match[1] ?? options[index + 1] ?? '').split(',') : [];
  });

/** Node 20 ends with an error when it may not read what it is to load first; later versions run on. */
function forbids(command: readonly string[], env: NodeJS.ProcessEnv): Obstacle | undefined {
  const options = [...words(env), ...ownOptions(command)];
  if (options.some((option) => /^--experimental-policy(=|$)/.test(option)))
    return { what: 'a policy says what Node.js may load', todo: 'run it without --experimental-policy to trace it' };
  if (!options.includes('--permission') && !options.includes('--experimental-permission')) return undefined;
  const isReadable = readable(options).some(
    (path) => path !== '' && (path === '*' || PRELOAD.startsWith(path.replace(/\*$/, ''))),
  );
  if (isReadable) return undefined;
  const todo = `add --allow-addons --allow-fs-read=${join(PROVIDERS, '../..')}/`;
  return { what: 'the permission model keeps polyprobe from being read', todo };
}

/** The first argument that is no option of Node's; options with a value of their own are few. */
const WITH_VALUE = new Set([
  ...['-r', '--require', '--import', '-C', '--conditions', '--loader', '--experimental-loader'],
  ...['--allow-fs-read', '--allow-fs-write'],
]);

function programOf(argv: readonly string[]): string {
  for (let index = 1; index < argv.length; index++) {
    const argument = argv[index]!;
    if (['-e', '--eval', '-p', '--print', '-pe'].includes(argument)) return '[eval]';
    if (WITH_VALUE.has(argument)) index++;
    else if (!argument.startsWith('-')) return argument;
  }
  return '[stdin]';
}

async function installation(path: string): Promise<Installation> {
  try {
    const asked = await promisify(execFile)(path, ['-p', 'process.version+" "+process.versions.modules'], {
      timeout: 10_000,
      env: { PATH: process.env['PATH'] },
    });
    const [version = '', modules = ''] = asked.stdout.trim().split(' ');
    const known = { path, version: version.replace(/^v/, '') };
    if (!satisfies(version, SUPPORTED_NODE, { includePrerelease: true }))
      return {
        ...known,
        served: false,
        isUnsupported: true,
        how: `this version is not supported: expected ${SUPPORTED_NODE}`,
        todo: 'use Node.js 20, 22.15 or later',
      };
    if (!existsSync(join(NATIVE, `polyprobe_node.${modules}.node`)))
      return {
        ...known,
        served: false,
        how: `the native part is not built for it (NODE_MODULE_VERSION ${modules})`,
        todo: `polyprobe build --node ${path}`,
      };
    return { ...known, served: true, how: 'load-time instrumentation, NODE_OPTIONS', todo: '' };
  } catch (error) {
    const how = `could not be run: ${error instanceof Error ? error.message.split('\n', 1)[0] : String(error)}`;
    return { path, version: undefined, served: false, how, todo: 'check the installation' };
  }
}

/** Node.js. */
export const node: Runtime = {
  id: 'node',
  interpreter: 'node',
  extension: '.js',
  recognise: ({ exe, argv }) => (isNode(exe) ? { program: programOf(argv) } : undefined),
  environment,
  forbids,
  async installations() {
    const real = new Map<string, string>();
    for (const path of [process.execPath, ...findInPath(/^(node|nodejs)\d*$/)]) {
      const file = await realpath(path).catch(() => path);
      if (!real.has(file)) real.set(file, path);
    }
    return Promise.all([...real.values()].map(installation));
  },
  installation,
  buildCommand: (path) => [
    process.execPath,
    join(PACKAGE, 'core/setup/build-native.mjs'),
    '--required',
    ...['--node', path],
  ],
  obstacles,
  exercise: { args: ['--expose-gc'], file: fileURLToPath(new URL('node-exercise.cjs', import.meta.url)) },
};
