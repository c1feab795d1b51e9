/** The library that tracers attach to: is it built, does it hold the probes of the definition, is there one of it. */
import type { Abi } from '../abi/types.js';
import { ElfError } from '../elf/errors.js';
import type { ElfProbes } from '../elf/notes.js';
import type { LibraryCopy, ProcessList, TraceableProcess } from '../elf/processes.js';
import { reporter, type Finding } from './types.js';

const { ok, warning, problem } = reporter('library');

/** What the checks look at. */
export interface LibraryFacts {
  readonly path: string;
  /** Its notes, or why they can't be read. */
  readonly probes: ElfProbes | ElfError;
  /** Undefined where processes can't be seen. */
  readonly processes: ProcessList | undefined;
}

const REBUILD = 'npm rebuild polyprobe (in a clone: npm run setup)';

/** All about the library. */
export function checkLibrary(facts: LibraryFacts, abi: Abi): Finding[] {
  const { probes, path } = facts;
  if (probes instanceof ElfError) {
    if (probes.code === 'not-found')
      return [
        problem('built', `the library is not built: ${path}`, `sudo apt-get install cmake g++ make, then: ${REBUILD}`),
      ];
    return [problem('built', `the library can't be read: ${probes.message}`, REBUILD)];
  }
  return [
    ok('built', `built: ${path}`),
    checkAbi(probes, abi),
    ...(/[\s:,"'*?[\]{}]/.test(path) ? [oddPath(path)] : []),
    ...(facts.processes ? checkCopies(facts.processes, probes.buildId) : []),
  ];
}

/** bpftrace's grammar has no way to write every path. */
const oddPath = (path: string): Finding =>
  warning(
    'path',
    `the library's path has characters that tracers can't spell: ${path}`,
    'move the installation to a plain path',
  );

/** The stubs are generated from the definition: a difference means that one of the two is older. */
function checkAbi({ probes }: ElfProbes, abi: Abi): Finding {
  const shape = (provider: string, name: string, args: number): string => `${provider}:${name}/${args}`;
  const expected = new Set(
    abi.languages.flatMap(({ id, provider }) =>
      abi.probes
        .filter((probe) => probe.runtimes[id]?.served === 'yes')
        .map((probe) => shape(provider, probe.name, probe.args.length)),
    ),
  );
  const found = new Set(probes.map((probe) => shape(probe.provider, probe.name, probe.args.length)));
  const missing = [...expected].filter((probe) => !found.has(probe));
  const extra = [...found].filter((probe) => !expected.has(probe));
  const version = `${abi.version.major}.${abi.version.minor}`;
  if (missing.length + extra.length === 0)
    return ok('abi', `ABI ${version}: its ${found.size} probes are those of the definition`);
  const parts = [
    ...(missing.length > 0 ? [`lacks ${missing.join(', ')}`] : []),
    ...(extra.length > 0 ? [`has ${extra.join(', ')} besides`] : []),
  ];
  return problem(
    'abi',
    `the library was built from another definition than ABI ${version}: it ${parts.join('; ')}`,
    REBUILD,
  );
}

const nameOf = ({ pid, runtime, program }: TraceableProcess): string =>
  `process ${pid} (${[runtime, program].filter(Boolean).join(' ') || 'unknown program'})`;

function checkCopies({ processes, unreadable }: ProcessList, ours: string | undefined): Finding[] {
  const findings: Finding[] = [];
  for (const process of processes)
    for (const copy of process.copies) {
      const finding = checkCopy(process, copy, ours);
      if (finding) findings.push(finding);
    }
  const seen = processes.length === 1 ? '1 process maps it' : `${processes.length || 'no'} processes map it`;
  const hidden = unreadable > 0 ? `; ${unreadable} could not be looked into` : '';
  return [ok('processes', `${seen}, or a copy of it${hidden}`), ...findings];
}

/** One copy that a tracer of our path wouldn't see, or that speaks another ABI. */
export function checkCopy(process: TraceableProcess, copy: LibraryCopy, ours: string | undefined): Finding | undefined {
  const { pid } = process;
  const subject = `copy-${pid}`;
  if (copy.deleted && !copy.path.startsWith('/memfd:'))
    return warning(
      subject,
      `${nameOf(process)} runs on a copy that has been deleted or replaced: ${copy.path}`,
      `restart it, or attach to it alone: polyprobe trace calls -p ${pid}`,
    );
  if (copy.error !== undefined)
    return warning(
      subject,
      `${nameOf(process)} maps a copy that can't be read: ${copy.path}: ${copy.error}`,
      'sudo polyprobe check',
    );
  if (copy.buildId !== ours)
    return warning(
      subject,
      `${nameOf(process)} maps another build: ${copy.path} (build id ${copy.buildId?.slice(0, 12) ?? 'none'}, ours ${ours?.slice(0, 12) ?? 'none'})`,
      process.container === undefined
        ? `install one version for both and restart it; till then: polyprobe trace calls -p ${pid}`
        : `install the same version in the image of ${process.container}; till then: polyprobe trace calls -p ${pid}`,
    );
  return undefined;
}
