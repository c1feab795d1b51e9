/**
 * A checkout of test262: which tests there are, and how each wants to be run.
 *
 * The format is https://github.com/tc39/test262/blob/main/INTERPRETING.md. Called by: `main.ts`, `child.ts`.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** Everything about functions, and about who can look at them; the rest of the built-ins has no functions of ours. */
export const DEFAULT_FOLDERS = [
  'test/language',
  'test/annexB/language',
  ...['Function', 'GeneratorFunction', 'AsyncFunction', 'AsyncGeneratorFunction', 'Promise', 'Error'].map(
    (name) => `test/built-ins/${name}`,
  ),
  'test/built-ins/Proxy',
  'test/built-ins/Reflect',
];

/** How a test's text is to be understood. */
export type Mode = 'sloppy' | 'strict' | 'module' | 'raw';

export interface Meta {
  readonly modes: readonly Mode[];
  readonly isAsync: boolean;
  readonly includes: readonly string[];
  /** It has to fail; how is the same in each state, or it isn't, which is all that we ask. */
  readonly isNegative: boolean;
}

interface FrontMatter {
  readonly flags?: readonly string[];
  readonly includes?: readonly string[];
  readonly negative?: unknown;
}

/** Reads the comment at the start of a test. */
export function metaOf(source: string): Meta {
  const yaml = /\/\*---\r?\n?([\s\S]*?)---\*\//.exec(source)?.[1] ?? '';
  // A lone carriage return is a line's end for the tests of line ends.
  const { flags = [], includes = [], negative } = (parse(yaml.replace(/\r\n?/g, '\n')) as FrontMatter | null) ?? {};
  const has = (flag: string): boolean => flags.includes(flag);
  let modes: Mode[] = ['sloppy', 'strict'];
  if (has('module')) modes = ['module'];
  else if (has('raw')) modes = ['raw'];
  else if (has('onlyStrict')) modes = ['strict'];
  else if (has('noStrict')) modes = ['sloppy'];
  const isAsync = has('async');
  const harness = has('raw') ? [] : ['assert.js', 'sta.js', ...(isAsync ? ['doneprintHandle.js'] : []), ...includes];
  return { modes, isAsync, includes: harness, isNegative: negative !== undefined };
}

/** Paths of the tests below some folders, relative to the suite; those that others import are no tests. */
export function testsOf(suite: string, folders: readonly string[], words: readonly string[]): string[] {
  const tests = folders
    .filter((folder) => existsSync(join(suite, folder)))
    .flatMap((folder) =>
      folder.endsWith('.js')
        ? [folder]
        : readdirSync(join(suite, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
    )
    .filter((path) => path.endsWith('.js') && !path.includes('_FIXTURE'));
  return tests.filter((path) => words.length === 0 || words.some((word) => path.includes(word))).sort();
}

/** A test's text, as V8 is to see it in a mode. */
export function textOf(source: string, mode: Mode): string {
  return mode === 'strict' ? `"use strict";\n${source}` : source;
}

/** A file of the harness. */
export function harnessFile(suite: string, name: string): string {
  return readFileSync(join(suite, 'harness', name), 'utf8');
}
