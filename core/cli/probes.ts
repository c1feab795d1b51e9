/** `polyprobe probes`: the ABI's table, with what fires in which runtime. */
import type { Command } from 'commander';
import { abi } from '../abi/probes.js';
import type { Argument, Probe } from '../abi/types.js';
import { cliError } from './errors.js';
import { action, colours, json, print, table } from './output.js';

const HELP = `
Arguments are arg0, arg1, … in the order shown; those marked (str) are pointers to strings: str(arg1) in bpftrace.
With a probe's name: what each argument means, and what fires the probe in each runtime.

Examples:
  polyprobe probes
  polyprobe probes function__entry
  polyprobe probes --json | jq '.probes[].name'`;

const shown = (argument: Argument): string => (argument.type === 'string' ? `${argument.name}(str)` : argument.name);

const MARKS = { yes: 'yes', planned: '-', no: 'no' } as const;

function overview(): string {
  const rows = abi.probes.map((probe) => [
    probe.name,
    ...abi.languages.map((language) => MARKS[probe.runtimes[language.id]!.served]),
    probe.args.map(shown).join(' '),
  ]);
  return (
    table(['PROBE', ...abi.languages.map((language) => language.id.toUpperCase()), 'ARGUMENTS'], rows) +
    `\nABI ${abi.version.major}.${abi.version.minor}. yes: it fires; no: the runtime can't; -: planned. Provider: polyprobe_<runtime>.\n`
  );
}

function details(probe: Probe): string {
  const { bold } = colours();
  const args = probe.args.map((argument, index) => [`arg${index}`, argument.name, argument.type, argument.meaning]);
  const services = abi.languages.map((language) => {
    const service = probe.runtimes[language.id]!;
    return [language.id, MARKS[service.served], service.how];
  });
  return [
    `${bold(probe.name)}  (since ABI ${probe.since}, ${probe.stability})`,
    probe.meaning,
    '',
    table(['ARG', 'NAME', 'TYPE', 'MEANING'], args),
    table(['RUNTIME', 'FIRES', 'BY'], services),
  ].join('\n');
}

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('probes')
    .description('show the probes, their arguments, and what fires in which runtime')
    .argument('[probe]', 'one probe, in detail')
    .option('--json', 'print JSON', false)
    .addHelpText('after', HELP)
    .action(
      action((name: string | undefined, flags: { json: boolean }) => {
        const probe = abi.probes.find((candidate) => candidate.name === name);
        if (name !== undefined && !probe)
          throw cliError('probes/unknown', { probe: name, probes: abi.probes.map((known) => known.name).join(', ') });
        if (flags.json) print(json(probe ?? abi));
        else print(probe ? details(probe) : overview());
      }),
    );
}
