/** `polyprobe list`: the USDT probes of a file or a running process, ours and everybody's. */
import type { Command } from 'commander';
import { typeName } from '../elf/arguments.js';
import { readProbes, type Probe } from '../elf/notes.js';
import { probesOfProcess, type ProcessFile, type ProcessProbe } from '../elf/process.js';
import { cliError } from './errors.js';
import { processNumber } from './numbers.js';
import { action, json, print, remark, table } from './output.js';

/** The names of a probe's arguments, for a probe whose meaning is known; otherwise undefined. */
export type Describe = (provider: string, name: string) => readonly string[] | undefined;

/** What the command is wired with. */
export interface ListDependencies {
  readonly describe?: Describe;
}

interface Listing {
  readonly text: string;
  readonly value: unknown;
  /** For standard error, after the table. */
  readonly remarks: readonly string[];
}

const HELP = `
A file is a program or a library. A process is given by its number; then the probes of
every file that it has mapped are listed, containers and deleted files included, and
whether a tracer has armed them now:

  ARMED   yes   a tracer is attached
          no    nobody is
          ?     unknown: not permitted to read the process's memory

Arguments read NAME:TYPE where their names are known, otherwise they stand as in the
file, SIZE@PLACE; u64 is an unsigned integer of 64 bits, i32 a signed one of 32.

A file without probes is no error. Exit status: 0, 1 if there is no such file or
process or it is not readable as a program, 2 for a wrong command line, 77 for
missing permission.

Examples:
  polyprobe list /usr/bin/python3.11
  polyprobe list 4711
  polyprobe list --json 4711 | jq '.files[].probes[].name'`;

/** Adds the command. */
export function register(program: Command, dependencies: ListDependencies = {}): void {
  program
    .command('list')
    .description('list the USDT probes of a running process, a program or a library')
    .argument('<target>', 'a process number, or the path of a program or library (./123 for a file named 123)')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(
      action((target: string, options: { json?: boolean }) => {
        const listing = list(target, dependencies.describe ?? (() => undefined));
        if (options.json) print(json(listing.value));
        else print(listing.text);
        listing.remarks.forEach(remark);
      }),
    );
}

/**
 * The command itself.
 * @throws ElfError, ProcessError, CliError `usage`
 */
export function list(target: string, describe: Describe = () => undefined): Listing {
  if (target === '') {
    throw cliError('usage', {
      detail: 'the target is empty',
      expected: 'a process number or a path',
    });
  }
  if (!/^\d+$/.test(target)) return listFile(target, describe);
  return listProcess(processNumber(target, ', or a path'), describe);
}

function listFile(path: string, describe: Describe): Listing {
  const elf = readProbes(path);
  const rows = elf.probes.map((probe) => [probe.provider, probe.name, argumentText(probe, describe)]);
  return {
    text: rows.length > 0 ? table(['PROVIDER', 'PROBE', 'ARGUMENTS'], rows) : '',
    value: {
      file: path,
      class: elf.class,
      machine: elf.machine,
      buildId: elf.buildId,
      stripped: elf.stripped,
      probes: elf.probes.map((probe) => probeValue(probe, describe)),
    },
    remarks: [
      ...(rows.length === 0 ? [`no probes in ${path}`] : []),
      ...(elf.stripped ? [`${path} has no section headers: its probes may have been stripped`] : []),
    ],
  };
}

function listProcess(pid: number, describe: Describe): Listing {
  const { files } = probesOfProcess(pid);
  const withProbes = files.filter((file) => file.probes.length > 0);
  // Code that a program made itself is mapped from files that aren't ELF: nothing is missing.
  const failed = files.filter((file) => file.error !== undefined && file.error.code !== 'not-elf');
  const rows = withProbes.flatMap((file) =>
    file.probes.map((probe) => [
      probe.provider,
      probe.name,
      armedText(probe.armed),
      argumentText(probe, describe),
      fileText(file),
    ]),
  );
  return {
    text: rows.length > 0 ? table(['PROVIDER', 'PROBE', 'ARMED', 'ARGUMENTS', 'FILE'], rows) : '',
    value: {
      pid,
      files: withProbes.map((file) => fileValue(file, describe)),
      unreadable: failed.map((file) => ({
        path: file.path,
        code: file.error?.code,
        detail: file.error?.detail,
      })),
    },
    remarks: [
      ...(rows.length === 0 ? [`no probes in process ${pid}`] : []),
      ...failed.map((file) => `skipped ${file.error?.message ?? file.path}`),
    ],
  };
}

const armedText = (armed: boolean | undefined): string => (armed === undefined ? '?' : armed ? 'yes' : 'no');
const fileText = (file: ProcessFile): string => (file.deleted ? `${file.path} (deleted)` : file.path);

/** Names that don't fit the count of arguments are somebody else's probe of the same name. */
function namesOf(probe: Probe, describe: Describe): readonly string[] | undefined {
  const names = describe(probe.provider, probe.name);
  return names && names.length <= probe.args.length ? names : undefined;
}

function argumentText(probe: Probe, describe: Describe): string {
  const names = namesOf(probe, describe);
  if (!names) return probe.arguments;
  return names.map((name, i) => `${name}:${typeName(probe.args[i]!)}`).join(' ');
}

function probeValue(probe: Probe | ProcessProbe, describe: Describe): unknown {
  const names = namesOf(probe, describe);
  return { ...probe, args: probe.args.map((argument, i) => ({ name: names?.[i], ...argument })) };
}

function fileValue(file: ProcessFile, describe: Describe): unknown {
  const { error: _, probes, ...rest } = file;
  return { ...rest, probes: probes.map((probe) => probeValue(probe, describe)) };
}
