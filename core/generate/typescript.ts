/**
 * Writes `core/abi/abi.gen.cts`: names, numbers and argument types for TypeScript that reads events or fires probes
 * (CommonJS, because Node's provider is).
 * Called by `main.ts`.
 */
import type { Abi, Argument } from '../abi/types.js';
import { banner, type Output } from './output.js';

const tsType = (argument: Argument): string => (argument.type === 'string' ? 'string' : 'bigint');

/** The TypeScript file. */
export function typescript(abi: Abi): Output {
  const lines = [
    ...banner('The probe ABI in TypeScript.', '/**', ' *', ' */'),
    '',
    `export const ABI_MAJOR = ${abi.version.major};`,
    `export const ABI_MINOR = ${abi.version.minor};`,
    '',
    '/** Number of each probe: its bit in the sets of the watcher and of runtime__hooks. */',
    'export const PROBES = {',
    ...abi.probes.map((probe, index) => `  ${probe.name}: ${index},`),
    '} as const;',
    '',
    '/** Name of a probe. */',
    'export type ProbeName = keyof typeof PROBES;',
    '',
    '/** Name of a provider. */',
    `export type ProviderName = ${abi.languages.map((language) => `'${language.provider}'`).join(' | ')};`,
    '',
    '/** Arguments of each probe, in the order in which they are fired. */',
    'export interface ProbeArguments {',
  ];
  for (const probe of abi.probes) {
    lines.push(`  /** ${probe.meaning} */`, `  ${probe.name}: {`);
    for (const argument of probe.args)
      lines.push(`    /** ${argument.meaning} */`, `    ${argument.name}: ${tsType(argument)};`);
    lines.push('  };');
  }
  lines.push('}', '');
  const seen = new Set<string>();
  for (const probe of abi.probes)
    for (const argument of probe.args)
      if (argument.values && !seen.has(argument.name)) {
        seen.add(argument.name);
        const entries = Object.entries(argument.values).map(([name, value]) => `${name}: ${value}`);
        lines.push(
          `/** Argument \`${argument.name}\`: ${argument.meaning} */`,
          `export const ${argument.name.toUpperCase()} = { ${entries.join(', ')} } as const;`,
          '',
        );
      }
  return { path: 'core/abi/abi.gen.cts', text: lines.join('\n') };
}
