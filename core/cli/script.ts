/** `polyprobe script`: the tools as bpftrace programs, to run, read and change. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { Copies, requireTraceable } from '../tracer/attach.js';
import { TracerError } from '../tracer/errors.js';
import { assemble, listTools, loadTool, type Copy } from '../tracer/script.js';
import { readProbes } from '../elf/notes.js';
import { LIBRARY } from '../paths.js';
import { cliError } from './errors.js';
import { parsePids } from './numbers.js';
import { action, json, print, table } from './output.js';
import { tracing } from './trace-errors.js';

const HELP = `
Without a name, lists the tools. With one, prints its program with this machine's paths filled in; bpftrace runs it as
it is, and it is commented for whoever wants to change it. Probes that the installed library doesn't have are left out.

With -p the program looks at those processes only, and attaches to the copies of the library that they have mapped,
which can be others than the installed one (in containers, for instance). Their paths hold while the processes live.

Exit status: 0, 1 if there is no library or no such process, 2 for an unknown tool or a wrong command line.

Examples:
  polyprobe script
  polyprobe script calls > calls.bt && sudo bpftrace calls.bt
  polyprobe script flow -p 4711 | sudo bpftrace -`;

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('script')
    .description('print a tracing tool as a bpftrace program, or list the tools')
    .argument('[tool]', 'name of a tool')
    .option('-p, --pid <pid>', 'only this process; may be repeated', parsePids)
    .option('--json', 'print the list as JSON')
    .addHelpText('after', HELP)
    .action(
      action((tool: string | undefined, options: { pid?: number[]; json?: boolean }) =>
        tracing(() => print(tool === undefined ? list(options.json === true) : programOf(tool, options.pid ?? []))),
      ),
    );
}

function list(asJson: boolean): string {
  const tools = listTools();
  if (asJson) return json({ tools: tools.map(({ name, description, live }) => ({ name, description, live })) });
  return table(
    ['TOOL', 'SHOWS'],
    tools.map(({ name, description }) => [name, description.replace(/\.$/, '')]),
  );
}

function programOf(name: string, pids: readonly number[]): string {
  const tool = loadTool(name);
  pids.forEach(requireTraceable);
  return assemble(tool, { copies: pids.length > 0 ? copiesOf(pids) : [installed()], pids });
}

const probesOf = (path: string): ReadonlySet<string> =>
  new Set(readProbes(path).probes.map(({ provider, name }) => `${provider}:${name}`));

function installed(): Copy {
  if (!existsSync(LIBRARY)) throw cliError('lib/not-built', { path: LIBRARY });
  return { path: LIBRARY, probes: probesOf(LIBRARY) };
}

function copiesOf(pids: readonly number[]): Copy[] {
  const copies = new Copies();
  try {
    const found = copies.scan(pids).map(({ hostPath, probes }) => ({ path: hostPath, probes }));
    if (found.length > 0) return found;
    const todo = 'run it as root, or as the owner of the process';
    throw new TracerError('no-library', "the processes' library cannot be read", 'a file that may be opened', todo);
  } finally {
    copies.close();
  }
}
