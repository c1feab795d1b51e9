/**
 * Writes `native/src/stubs.gen.S` (one line for each probe of each provider) and `native/src/sites.gen.c` (their
 * addresses). What a stub is made of stands in the hand-written `native/src/stub.S.h`. Called by `main.ts`.
 */
import type { Abi, Argument, Language, Probe } from '../abi/types.js';
import { banner, type Output } from './output.js';

/** The note's argument string on a machine: size (negative: signed) @ register. */
export function noteArguments(args: readonly Argument[], registers: readonly string[]): string {
  return args.map((argument, index) => `${argument.type === 'i64' ? '-8' : '8'}@${registers[index]}`).join(' ');
}

/** Registers of the calling convention, in the assembler's words. */
export const X86_64_REGISTERS = ['%rdi', '%rsi', '%rdx', '%rcx', '%r8', '%r9'] as const;
/** The same for aarch64. */
export const AARCH64_REGISTERS = ['x0', 'x1', 'x2', 'x3', 'x4', 'x5'] as const;

const served = (abi: Abi): { language: Language; probes: readonly Probe[] }[] =>
  abi.languages
    .map((language) => ({
      language,
      probes: abi.probes.filter((probe) => probe.runtimes[language.id]?.served === 'yes'),
    }))
    .filter((entry) => entry.probes.length > 0);

/** The assembler file. */
export function stubs(abi: Abi): Output {
  const lines = [
    ...banner('One stub for each probe that fires, side by side in one section.', '/*', ' *', ' */'),
    '#include "stub.S.h"',
    '',
    'STUBS_BEGIN',
  ];
  for (const { language, probes } of served(abi))
    for (const probe of probes)
      lines.push(
        '',
        `STUB ${language.provider}, ${probe.name}, "${noteArguments(probe.args, X86_64_REGISTERS)}", "${noteArguments(probe.args, AARCH64_REGISTERS)}"`,
      );
  lines.push('', 'STUBS_END', '');
  return { path: 'native/src/stubs.gen.S', text: lines.join('\n') };
}

/** The table of sites, by provider and by the probe's number; NULL where a provider has no such probe. */
export function sites(abi: Abi): Output {
  const lines = [
    ...banner('Where each stub is, by provider and probe.', '/*', ' *', ' */'),
    '#include "sites.h"',
    '',
    'const void *const polyprobe_sites[POLYPROBE_PROVIDER_COUNT][POLYPROBE_PROBE_COUNT] = {',
  ];
  for (const { language, probes } of served(abi)) {
    lines.push(`  [POLYPROBE_PROVIDER_${language.id.toUpperCase()}] = {`);
    for (const probe of probes)
      lines.push(
        `    [POLYPROBE_PROBE_${probe.name.toUpperCase()}] = POLYPROBE_SITE(${language.provider}_${probe.name}),`,
      );
    lines.push('  },');
  }
  lines.push('};', '');
  return { path: 'native/src/sites.gen.c', text: lines.join('\n') };
}
