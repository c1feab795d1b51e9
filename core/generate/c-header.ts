/**
 * Writes `native/include/polyprobe_abi.gen.h`: versions, probe numbers, named values, one prototype for each stub.
 * Called by `main.ts`. The macros that use these live in the hand-written `polyprobe.h`.
 */
import type { Abi, Argument, Probe } from '../abi/types.js';
import { banner, upper, type Output } from './output.js';

const cType = (argument: Argument): string =>
  ({ u64: 'uint64_t', i64: 'int64_t', string: 'const char *' })[argument.type];

/** Words of C and C++ that the definition may use and a parameter may not: https://en.cppreference.com/w/cpp/keyword */
const KEYWORDS = new Set(
  (
    'alignas alignof and asm auto bitand bitor bool break case catch char class compl concept const constexpr continue ' +
    'decltype default delete do double else enum explicit export extern false final float for friend goto if inline int ' +
    'long mutable namespace new noexcept not nullptr operator or private protected public register requires restrict ' +
    'return short signed sizeof static struct switch template this throw true try typedef typename union unsigned using ' +
    'virtual void volatile while xor'
  ).split(' '),
);

/** What a parameter is called: as the definition says, if C lets us. */
const nameOf = (argument: Argument): string => (KEYWORDS.has(argument.name) ? `${argument.name}_` : argument.name);

/** One C parameter. */
const parameter = (argument: Argument): string => {
  const type = cType(argument);
  return type.endsWith('*') ? `${type}${nameOf(argument)}` : `${type} ${nameOf(argument)}`;
};

function values(abi: Abi): string[] {
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const probe of abi.probes)
    for (const argument of probe.args)
      if (argument.values && !seen.has(argument.name)) {
        seen.add(argument.name);
        lines.push('', `/** Argument \`${argument.name}\`: ${argument.meaning} */`);
        for (const [name, value] of Object.entries(argument.values))
          lines.push(`#define POLYPROBE_${upper(argument.name)}_${upper(name)} ${value}`);
      }
  return lines;
}

const parameters = (probe: Probe): string => probe.args.map(parameter).join(', ') || 'void';

/** What stands for a stub where there are none: a function, so that its address can be taken and its arguments are used. */
function nothing(provider: string, probe: Probe): string[] {
  return [
    `static inline void ${provider}_${probe.name}(${parameters(probe)}) {`,
    ...probe.args.map((argument) => `  (void)${nameOf(argument)};`),
    '}',
  ];
}

function prototype(provider: string, probe: Probe): string[] {
  return [
    '/**',
    ` * ${probe.meaning}`,
    ...probe.args.map((argument) => ` * @param ${nameOf(argument)} ${argument.meaning}`),
    ' */',
    `POLYPROBE_STUB void ${provider}_${probe.name}(${parameters(probe)});`,
  ];
}

/** The header, whole. */
export function cHeader(abi: Abi): Output {
  const { major, minor } = abi.version;
  const lines = [
    ...banner(
      'The probe ABI in C: numbers, values and one function for each probe of each provider.',
      '/*',
      ' *',
      ' */',
    ),
    '#ifndef POLYPROBE_ABI_GEN_H',
    '#define POLYPROBE_ABI_GEN_H',
    '',
    '#ifndef POLYPROBE_SUPPORTED',
    '#error "include polyprobe.h"',
    '#endif',
    '',
    `#define POLYPROBE_ABI_MAJOR ${major}`,
    `#define POLYPROBE_ABI_MINOR ${minor}`,
    '',
    '/** Number of a probe: its bit in the sets of the watcher and of runtime__hooks. */',
    'enum polyprobe_probe {',
    ...abi.probes.map((probe, index) => `  POLYPROBE_PROBE_${upper(probe.name)} = ${index},`),
    `  POLYPROBE_PROBE_COUNT = ${abi.probes.length}`,
    '};',
    '',
    '/** Number of a provider. */',
    'enum polyprobe_provider {',
    ...abi.languages.map((language, index) => `  POLYPROBE_PROVIDER_${upper(language.id)} = ${index},`),
    `  POLYPROBE_PROVIDER_COUNT = ${abi.languages.length}`,
    '};',
    ...values(abi),
    '',
    '#ifdef __cplusplus',
    'extern "C" {',
    '#endif',
  ];
  const stubs = abi.languages.flatMap((language) =>
    abi.probes
      .filter((probe) => probe.runtimes[language.id]?.served === 'yes')
      .map((probe) => ({ provider: language.provider, probe })),
  );
  lines.push('', '#if POLYPROBE_SUPPORTED');
  for (const { provider, probe } of stubs) lines.push('', ...prototype(provider, probe));
  lines.push('', '#else', '');
  for (const { provider, probe } of stubs) lines.push(...nothing(provider, probe));
  lines.push('', '#endif');
  lines.push('', '#ifdef __cplusplus', '}', '#endif', '', '#endif', '');
  return { path: 'native/include/polyprobe_abi.gen.h', text: lines.join('\n') };
}
