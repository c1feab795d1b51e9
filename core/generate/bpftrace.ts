/**
 * Writes `core/tracer/tools/events.gen.bt`: every probe that fires, printed with its arguments' names. It is a tool of its
 * own (`polyprobe trace events`) and the place to copy a probe's arguments from. Called by `main.ts`.
 */
import type { Abi, Argument, Probe } from '../abi/types.js';
import type { Output } from './output.js';

const show = (argument: Argument, index: number): [format: string, value: string] => {
  if (argument.type === 'string') return [`${argument.name}="%s"`, `str(arg${index})`];
  return argument.type === 'i64'
    ? [`${argument.name}=%lld`, `(int64)arg${index}`]
    : [`${argument.name}=${argument.name.includes('_id') ? '%llx' : '%llu'}`, `arg${index}`];
};

function snippet(probe: Probe): string[] {
  const shown = probe.args.map(show);
  return [
    `// ${probe.meaning}`,
    ...probe.args.map((argument, index) => `//   arg${index} ${argument.name}: ${argument.meaning}`),
    `usdt:LIBPOLYPROBE:*:${probe.name}`,
    '{',
    `  printf("%-8d ${probe.name} ${shown.map(([format]) => format.replaceAll('"', "'")).join(' ')}\\n",`,
    `         ${['pid', ...shown.map(([, value]) => value)].join(', ')});`,
    '}',
    '',
  ];
}

/** The tool. */
export function bpftrace(abi: Abi): Output {
  const fires = abi.probes.filter((probe) =>
    abi.languages.some((language) => probe.runtimes[language.id]?.served === 'yes'),
  );
  const lines = [
    '#!/usr/bin/env bpftrace',
    '/*',
    ' * events: every event as it happens, with the names of its arguments. Also the place to copy a probe from.',
    ' * Generated from core/abi/probes.ts by `npm run generate`; do not edit.',
    ' *',
    ' * polyprobe trace events [-p PID]       or       polyprobe script events > events.bt && bpftrace events.bt',
    ' */',
    '',
    ...fires.flatMap(snippet),
  ];
  return { path: 'core/tracer/tools/events.gen.bt', text: lines.join('\n') };
}
