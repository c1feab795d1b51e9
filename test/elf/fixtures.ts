/**
 * Small ELF files and programs for the tests, made with the compilers at hand, and readelf's view
 * of them. Notes are laid by hand as SystemTap's header does, so that every field is ours.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { processStatus } from '../../core/elf/proc.js';

/** Three probes: plain; with a semaphore; with Arm-like operands and no arguments' sizes. */
const PROBES_S = `
#if __SIZEOF_POINTER__ == 8
#define ADDRESS .8byte
#else
#define ADDRESS .4byte
#endif
#ifdef LOADED
#define FLAGS "a"
#else
#define FLAGS ""
#endif
#define NOTE(PROVIDER, NAME, ARGS, SEMAPHORE) \\
990:	nop; \\
	.pushsection .note.stapsdt,FLAGS,"note"; \\
	.balign 4; \\
	.4byte 992f-991f,994f-993f,3; \\
991:	.asciz "stapsdt"; \\
992:	.balign 4; \\
993:	ADDRESS 990b; \\
	ADDRESS _.stapsdt.base; \\
	ADDRESS SEMAPHORE; \\
	.asciz PROVIDER; \\
	.asciz NAME; \\
	.asciz ARGS; \\
994:	.balign 4; \\
	.popsection
	.text
	.globl sites
sites:
	NOTE("demo", "plain", "8@%rdi -4@$5", 0)
	NOTE("demo", "counted", "8@16(%rsp)", demo_semaphore)
	NOTE("demo", "operands", "4@[sp, 12] 8f@%xmm0", 0)
	NOTE("demo", "none", "", 0)
	nop; nop; nop; nop; nop; nop; nop; nop
	.section .probes,"aw",%progbits
	.balign 2
demo_semaphore:
	.2byte 0
	.section .stapsdt.base,"aG",%progbits,.stapsdt.base,comdat
	.weak _.stapsdt.base
	.hidden _.stapsdt.base
_.stapsdt.base: .space 1
	.size _.stapsdt.base,1
	.section .note.GNU-stack,"",%progbits
`;

/**
 * Maps each file of its command line executable, as the dynamic linker would, says so, and waits
 * for its input to end. `memfd:PATH` maps a nameless copy.
 */
const MAPPER_C = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *path = argv[i];
    int nameless = !strncmp(path, "memfd:", 6);
    int fd = open(nameless ? path + 6 : path, O_RDONLY);
    struct stat s;
    if (fd < 0 || fstat(fd, &s)) return perror(path), 1;
    if (nameless) {
      int copy = memfd_create("libpolyprobe.so", 0);
      char buffer[65536];
      ssize_t n;
      while ((n = read(fd, buffer, sizeof buffer)) > 0)
        if (write(copy, buffer, n) != n) return 1;
      fd = copy;
    }
    if (mmap(0, s.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED) return perror("mmap"), 1;
  }
  puts("ready");
  fflush(stdout);
  char c;
  while (read(0, &c, 1) > 0);
  return 0;
}
`;

/** How one kind of file is made. */
export interface Target {
  readonly compiler: string;
  readonly flags: readonly string[];
}

export const TARGETS: Readonly<Record<string, Target>> = {
  '64-bit x86': { compiler: 'gcc', flags: [] },
  '32-bit x86': { compiler: 'gcc', flags: ['-m32'] },
  '64-bit little-endian Arm': { compiler: 'aarch64-linux-gnu-gcc', flags: [] },
  '64-bit big-endian Arm': { compiler: 'aarch64-linux-gnu-gcc', flags: ['-mbig-endian'] },
};

/** Why a target can't be built here, or undefined. */
export function missing({ compiler }: Target): string | undefined {
  const found = (process.env['PATH'] ?? '').split(':').some((dir) => existsSync(join(dir, compiler)));
  return found ? undefined : `${compiler} is not installed`;
}

/** Builds the library with four probes; needs no C library. */
export function buildProbes(dir: string, name: string, target: Target, extra: readonly string[] = []): string {
  const source = join(dir, 'probes.S');
  const output = join(dir, name);
  writeFileSync(source, PROBES_S);
  const shape = ['-shared', '-nostdlib', '-Wl,--build-id'];
  execFileSync(target.compiler, [...target.flags, ...shape, ...extra, '-o', output, source]);
  return output;
}

/** Builds the program that maps files. */
export function buildMapper(dir: string): string {
  const source = join(dir, 'mapper.c');
  const output = join(dir, 'mapper');
  writeFileSync(source, MAPPER_C);
  execFileSync('gcc', ['-static', '-O1', '-o', output, source]);
  return output;
}

/** Starts a program and waits for its line `ready`. */
export async function startReady(command: string, args: readonly string[]): Promise<ChildProcess & { pid: number }> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  // A test that fails half-way leaves nothing running.
  process.once('exit', () => child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${command} ended with ${code}`)));
  await Promise.race([once(child.stdout, 'data'), ended]);
  ended.catch(() => undefined);
  return child as ChildProcess & { pid: number };
}

/** Runs a module's text as the user nobody, and gives back what it printed. */
export function asNobody(script: string): string {
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  // `env -i` takes away the test runner's environment, whose records nobody may not write.
  const node = ['env', '-i', process.execPath, '--input-type=module', '-e', script];
  return execFileSync('setpriv', [...user, ...node], { encoding: 'utf8' }).trim();
}

/** Kills a child of ours and waits, without giving way to the event loop, until it has ended. */
export function killNow(pid: number): void {
  process.kill(pid, 'SIGKILL');
  for (const deadline = Date.now() + 10_000; Date.now() < deadline;) {
    if (processStatus(pid).state === 'Z') return;
  }
  throw new Error(`process ${pid} didn't end`);
}

/** Ends a child and waits for it. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** Asks again, giving way to the event loop between, until the answer is yes. */
export async function until(what: string, ask: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    if (ask()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`gave up waiting until ${what}`);
}

/** One probe as readelf prints it, numbers as bigint. */
export interface ReadelfProbe {
  readonly provider: string;
  readonly name: string;
  readonly arguments: string;
  readonly address: bigint;
  readonly base: bigint;
  readonly semaphore: bigint;
}

/** readelf's own reading of a file's notes. */
export function readelf(file: string): { buildId: string | undefined; probes: ReadelfProbe[] } {
  const text = execFileSync('readelf', ['-n', '--wide', file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const probe =
    /Provider: (.*)\n\s+Name: (.*)\n\s+Location: (\w+), Base: (\w+), Semaphore: (\w+)\n\s+Arguments: ?(.*)\n/g;
  return {
    buildId: /Build ID: (\w+)/.exec(text)?.[1],
    probes: [...text.matchAll(probe)].map(([, provider, name, location, base, semaphore, args]) => ({
      provider: provider!,
      name: name!,
      arguments: args!.trim(),
      address: BigInt(location!),
      base: BigInt(base!),
      semaphore: BigInt(semaphore!),
    })),
  };
}

/** The same fields of ours, for comparison. */
export function comparable(
  probes: readonly {
    provider: string;
    name: string;
    arguments: string;
    address: bigint;
    semaphore: bigint;
  }[],
): object[] {
  return probes.map(({ provider, name, arguments: args, address, semaphore }) => ({
    provider,
    name,
    arguments: args,
    address,
    semaphore,
  }));
}
