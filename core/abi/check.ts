/**
 * The rules that a definition must keep, as one function that returns what is wrong.
 *
 * Owns: names, limits, and "append-only" against the frozen released versions. Doesn't own: the data (`probes.ts`).
 * Called by: the generator before it writes anything, and the tests.
 */
import type { Abi, Argument, Probe, ReleasedAbi } from './types.js';

/** Arguments that every tracer can read: bpftrace 0.17 has arg0 to arg5 on x86-64. */
export const MAX_ARGUMENTS = 6;
/** Probes are numbered by the bits of one 64-bit word. */
export const MAX_PROBES = 64;

const PROBE_NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*__[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
const ARGUMENT_NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
const LANGUAGE_ID = /^[a-z][a-z0-9]*$/;
const SINCE = /^\d+\.\d+$/;
/** Their named values would be called like the numbers of probes and providers in C. */
const TAKEN: readonly string[] = ['probe', 'provider'];
const TYPES: readonly string[] = ['u64', 'i64', 'string'];

const twice = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];

function checkArgument(where: string, argument: Argument): string[] {
  const problems: string[] = [];
  if (!ARGUMENT_NAME.test(argument.name)) problems.push(`${where}: argument '${argument.name}' must be snake_case`);
  if (!TYPES.includes(argument.type))
    problems.push(`${where}: argument '${argument.name}' has type '${argument.type}', expected ${TYPES.join(', ')}`);
  if (argument.meaning.trim() === '')
    problems.push(`${where}: argument '${argument.name}' has no meaning written down`);
  if (argument.values && argument.type === 'string')
    problems.push(`${where}: argument '${argument.name}' is a string and can't have named values`);
  if (argument.values && TAKEN.includes(argument.name))
    problems.push(`${where}: an argument called '${argument.name}' can't have named values`);
  for (const [name, value] of Object.entries(argument.values ?? {}))
    if (!ARGUMENT_NAME.test(name) || !Number.isSafeInteger(value))
      problems.push(`${where}: value '${name}' of '${argument.name}' must be snake_case and an integer`);
  return problems;
}

function checkProbe(abi: Abi, probe: Probe): string[] {
  const where = `probe '${probe.name}'`;
  const problems: string[] = [];
  if (!PROBE_NAME.test(probe.name)) problems.push(`${where}: a name is noun__verb, in lower case`);
  const [major, minor] = SINCE.test(probe.since) ? probe.since.split('.').map(Number) : [];
  if (major !== abi.version.major || !(minor! <= abi.version.minor))
    problems.push(
      `${where}: since '${probe.since}' isn't in ${abi.version.major}.0 to ${abi.version.major}.${abi.version.minor}`,
    );
  if (probe.args.length > MAX_ARGUMENTS)
    problems.push(`${where}: ${probe.args.length} arguments, at most ${MAX_ARGUMENTS} can be traced`);
  for (const name of twice(probe.args.map((argument) => argument.name)))
    problems.push(`${where}: two arguments are called '${name}'`);
  if (probe.meaning.trim() === '') problems.push(`${where}: no meaning written down`);
  for (const argument of probe.args) problems.push(...checkArgument(where, argument));
  for (const language of abi.languages)
    if (!probe.runtimes[language.id]) problems.push(`${where}: says nothing about '${language.id}'`);
  for (const id of Object.keys(probe.runtimes))
    if (!abi.languages.some((language) => language.id === id))
      problems.push(`${where}: speaks of '${id}', which is no language of the definition`);
  return problems;
}

/**
 * What is wrong with a definition by itself.
 * @returns one sentence for each problem; empty when all is well
 */
export function check(abi: Abi): string[] {
  const problems: string[] = [];
  for (const language of abi.languages) {
    if (!LANGUAGE_ID.test(language.id)) problems.push(`language '${language.id}': lower-case letters and digits`);
    if (language.provider !== `polyprobe_${language.id}`)
      problems.push(`language '${language.id}': the provider must be 'polyprobe_${language.id}'`);
  }
  for (const id of twice(abi.languages.map((language) => language.id)))
    problems.push(`two languages are called '${id}'`);
  if (abi.probes.length > MAX_PROBES)
    problems.push(`${abi.probes.length} probes, at most ${MAX_PROBES} fit the bit set`);
  for (const name of twice(abi.probes.map((probe) => probe.name))) problems.push(`two probes are called '${name}'`);
  const values = new Map<string, { value: string; where: string }>();
  for (const probe of abi.probes) {
    problems.push(...checkProbe(abi, probe));
    for (const argument of probe.args)
      if (argument.values) {
        // Constants are called after the argument alone, so one argument name has one meaning everywhere.
        const value = JSON.stringify(argument.values);
        const other = values.get(argument.name);
        if (other !== undefined && other.value !== value)
          problems.push(`'${argument.name}' of ${probe.name} and of ${other.where} have different named values`);
        values.set(argument.name, { value, where: probe.name });
      }
  }
  return problems;
}

/** What a release freezes of a definition. */
export function freeze(abi: Abi): ReleasedAbi {
  return {
    version: `${abi.version.major}.${abi.version.minor}`,
    probes: abi.probes.map((probe) => ({
      name: probe.name,
      args: probe.args.map(({ name, type, values }) => (values ? { name, type, values } : { name, type })),
      served: abi.languages.map((language) => language.id).filter((id) => probe.runtimes[id]?.served === 'yes'),
    })),
  };
}

/**
 * What of a released version the definition breaks. Appending is allowed, nothing else: a tracer's script and a
 * provider built against the released version go on working.
 * @returns one sentence for each break; empty when compatible, or when the major version differs (then all may change)
 */
export function compareWithReleased(abi: Abi, released: ReleasedAbi): string[] {
  const [major, minor] = released.version.split('.').map(Number);
  if (major !== abi.version.major) return [];
  const problems: string[] = [];
  const was = `in ABI ${released.version}`;
  const now = freeze(abi);
  if (minor! > abi.version.minor) problems.push(`ABI ${now.version} is older than the released ${released.version}`);
  released.probes.forEach((old, index) => {
    const current = now.probes[index];
    if (current?.name !== old.name) {
      problems.push(`probe ${index} was '${old.name}' ${was}, is '${current?.name ?? 'missing'}' now`);
      return;
    }
    const args = (probe: typeof old): string => JSON.stringify(probe.args);
    if (args(current) !== args(old))
      problems.push(`'${old.name}' has other arguments than ${was}: ${args(old)} became ${args(current)}`);
    for (const id of old.served)
      if (!current.served.includes(id)) problems.push(`'${old.name}' fired in ${id} ${was} and no longer does`);
  });
  if (minor === abi.version.minor)
    for (const probe of now.probes)
      for (const id of probe.served)
        if (released.probes.find((old) => old.name === probe.name)?.served.includes(id) === false)
          // A provider built against it would miss the stub in the released library, which says the same version.
          problems.push(`'${probe.name}' fires in ${id}, which it didn't ${was}: raise the minor version`);
  if (minor === abi.version.minor && now.probes.length > released.probes.length)
    problems.push(`probes were appended to the released ${released.version}: raise the minor version`);
  return problems;
}
