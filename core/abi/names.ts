/** What the arguments of polyprobe's own probes are called, for tools that know only a note's provider and name. */
import { abi } from './probes.js';

/** Names of a probe's arguments in their order; undefined for a probe that isn't in the definition. */
export function argumentNames(provider: string, name: string): string[] | undefined {
  if (!abi.languages.some((language) => language.provider === provider)) return undefined;
  return abi.probes.find((probe) => probe.name === name)?.args.map((argument) => argument.name);
}
