/** Runs the groups in their order and hands out what each finds, as soon as it is known. */
import { abi } from '../abi/probes.js';
import { ElfError, ProcessError } from '../elf/errors.js';
import { readProbes, type ElfProbes } from '../elf/notes.js';
import { listProcesses } from '../elf/processes.js';
import { LIBRARY } from '../paths.js';
import { recognise, runtimes } from '../runtimes/index.js';
import { checkConflicts, scanProcesses } from './conflicts.js';
import { checkFires } from './fires.js';
import { thisHost, type Host } from './host.js';
import { checkLibrary, type LibraryFacts } from './library.js';
import { checkPermission } from './permission.js';
import { checkFailedProcess, checkProcess, processFacts } from './process.js';
import { checkRuntimes, findInterpreters, findServed, type Served } from './runtimes.js';
import { checkSystem } from './system.js';
import { checkTracers } from './tracers.js';
import type { Finding } from './types.js';

export { GROUPS, summarise, type Finding, type Group, type Level, type Summary } from './types.js';

/** What to check. */
export interface CheckOptions {
  /** One process; then nothing is started to see what fires. */
  readonly pid?: number | undefined;
  /** Whether to try out under a tracer which probes fire: some seconds for each interpreter. */
  readonly fire: boolean;
  /** Told what takes time. */
  readonly progress?: (what: string) => void;
  readonly host?: Host;
}

/** A batch of findings after the other, in the order of GROUPS. */
export async function* check({
  pid,
  fire,
  progress = () => undefined,
  host = thisHost(),
}: CheckOptions): AsyncGenerator<Finding[]> {
  yield checkSystem(host);
  yield checkPermission(host);
  yield await checkTracers(host);
  const library = readLibrary();
  progress('looking at running processes');
  // For one process its own copies matter, not everybody's.
  yield checkLibrary({ path: LIBRARY, probes: library, processes: pid === undefined ? seen(host) : undefined }, abi);
  progress('looking for interpreters');
  const served = await findServed(runtimes);
  if (pid !== undefined) {
    yield checkOne(pid, host, served, library);
    yield checkConflicts(host, [], scanProcesses(pid));
    return;
  }
  const others = await findInterpreters(host);
  yield await checkRuntimes(host, abi, served, others);
  progress('looking for conflicts');
  yield checkConflicts(host, runtimes, host.platform === 'linux' ? scanProcesses() : []);
  if (fire) yield await checkFires(host, { abi, runtimes: served, interpreters: others, progress });
}

function readLibrary(): ElfProbes | ElfError {
  try {
    return readProbes(LIBRARY);
  } catch (error) {
    if (error instanceof ElfError) return error;
    throw error;
  }
}

function seen({ platform }: Host): LibraryFacts['processes'] {
  return platform === 'linux' ? listProcesses({ recognise }) : undefined;
}

function checkOne(pid: number, host: Host, served: readonly Served[], library: ElfProbes | ElfError): Finding[] {
  try {
    return checkProcess(
      processFacts(pid, host, recognise),
      served,
      library instanceof ElfError ? undefined : library.buildId,
    );
  } catch (error) {
    if (error instanceof ProcessError) return checkFailedProcess(error);
    throw error;
  }
}
