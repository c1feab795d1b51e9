/**
 * Builds what the native tests run: the library by CMake, the C programs beside it by the compiler.
 *
 * Owns: build folders. A library is built once for each state of native/ and each set of options, then copied into a
 * fresh folder for each test file: a tracer's site belongs to an inode, so files that run side by side don't meet.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's top folder. */
export const top = join(dirname(fileURLToPath(import.meta.url)), '../../..');
/** Where the C programs are. */
export const sources = join(top, 'test/native');

/** How the library is built. */
export interface Build {
  /** C compiler, `gcc` unless told. */
  readonly cc?: string;
  /** Further `-D` of CMake. */
  readonly cmake?: readonly string[];
  /** Further flags of the programs, for instance a sanitizer's. */
  readonly flags?: readonly string[];
}

/** A folder that is removed when the process ends. */
export function scratch(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `polyprobe-${name}-`));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Whether a command can be run. */
export const has = (command: string): boolean => spawnSync('which', [command]).status === 0;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The library as built by CMake, from a folder that all test files share. */
function builtLibrary(build: Build): string {
  const cc = build.cc ?? 'gcc';
  const hash = createHash('sha256').update(JSON.stringify([top, cc, build.cmake ?? []]));
  for (const file of [join(top, 'CMakeLists.txt'), ...filesBelow(join(top, 'native'))])
    hash.update(file).update(readFileSync(file));
  const shared = join(tmpdir(), `polyprobe-native-${process.getuid!()}`);
  const folder = join(shared, hash.digest('hex').slice(0, 16));
  const library = join(folder, 'out/libpolyprobe.so');
  if (existsSync(library)) return library;
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  const cmake = (...args: string[]): unknown => execFileSync('cmake', args, { stdio: 'pipe' });
  cmake(
    ...['-S', top, '-B', fresh, `-DCMAKE_C_COMPILER=${cc}`, `-DPOLYPROBE_OUTPUT=${join(fresh, 'out')}`],
    ...(build.cmake ?? []),
  );
  cmake('--build', fresh);
  try {
    renameSync(fresh, folder);
  } catch {
    rmSync(fresh, { recursive: true, force: true }); // another test file was quicker
  }
  return library;
}

/** One library of its own (its own inode) and the programs that were built against it. */
export class Programs {
  readonly folder: string;
  readonly library: string;
  constructor(
    readonly name: string,
    readonly build: Build = {},
  ) {
    this.folder = scratch(name);
    this.library = join(this.folder, 'libpolyprobe.so');
    copyFileSync(builtLibrary(build), this.library);
  }

  /** Compiles one program of test/native/ against the library. @returns its path */
  program(source: string, ...flags: string[]): string {
    const path = join(this.folder, basename(source).replace(/\..*$/, ''));
    const compiler = this.build.cc ?? (source.endsWith('.cc') ? 'g++' : 'gcc');
    execFileSync(
      compiler,
      [
        ...(source.endsWith('.cc') ? ['-std=c++17'] : ['-std=gnu11']),
        ...['-O2', '-g', '-fPIE', '-pie', '-Wall', '-Wextra', '-Werror', '-I', join(top, 'native/include')],
        ...(this.build.flags ?? []),
        ...flags,
        ...[join(sources, source), '-o', path, '-L', this.folder, '-lpolyprobe', '-pthread', '-ldl'],
        '-Wl,-rpath,$ORIGIN',
      ],
      { stdio: 'pipe' },
    );
    return path;
  }
}

/** What a program that ended said. */
export interface Outcome {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a hang is a killed program. */
export function run(path: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Outcome {
  const { status, signal, stdout, stderr } = spawnSync(path, [...args], {
    encoding: 'utf8',
    timeout: 120_000,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...env },
  });
  return { status, signal, stdout, stderr };
}
