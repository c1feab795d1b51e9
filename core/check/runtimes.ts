/** The interpreters on this machine: which are served and how, which aren't yet, and what probes these have of their own. */
import type { Abi } from '../abi/types.js';
import type { Installation, Runtime } from '../runtimes/index.js';
import { interpreterSubject, type Found } from './fires.js';
import type { Host } from './host.js';
import { interpreters } from './interpreters.js';
import { look, type Listed, type Subject } from './session.js';
import { reporter, type Finding } from './types.js';

const { ok, note, warning, problem } = reporter('runtimes');

/** A runtime and its interpreters. */
export interface Served {
  readonly runtime: Runtime;
  readonly installations: readonly Installation[];
}

/** Finds what is installed of the runtimes that have a provider. */
export async function findServed(runtimes: readonly Runtime[]): Promise<Served[]> {
  return Promise.all(runtimes.map(async (runtime) => ({ runtime, installations: await runtime.installations() })));
}

/** Finds the interpreters of the table in PATH, each once, however many names and wrappers it has. */
export async function findInterpreters(host: Host): Promise<Found[]> {
  const found = new Map<string, Found>();
  for (const interpreter of interpreters) {
    const programs = new Set(host.programs(interpreter.programs).map((path) => host.real(path)));
    const asked = await Promise.all([...programs].map((path) => host.run(path, interpreter.identify)));
    for (const { status, stdout } of asked) {
      const [path, version] = stdout.trim().split('\n');
      // A version manager's wrapper for a version that isn't chosen fails: it's no interpreter.
      if (status !== 0 || !path?.startsWith('/') || !version) continue;
      const real = host.real(path);
      if (!found.has(real)) found.set(real, { interpreter, path: real, version });
    }
  }
  return [...found.values()];
}

/** All of the group. */
export async function checkRuntimes(
  host: Host,
  abi: Abi,
  served: readonly Served[],
  others: readonly Found[],
  ask: (subject: Subject) => Promise<readonly Listed[] | { readonly error: string }> = look,
): Promise<Finding[]> {
  const findings = served.flatMap(checkServed);
  const own = await Promise.all(others.map(async (found) => [found, await ownProbes(host, found, ask)] as const));
  return [...findings, ...own.map(([found, text]) => checkOther(found, text, abi, served))];
}

function checkServed({ runtime, installations }: Served): Finding[] {
  if (installations.length === 0)
    return [
      note(
        runtime.id,
        `no ${runtime.id} found in PATH`,
        `put it into PATH of the user who runs this: PATH=/opt/${runtime.id}/bin:$PATH polyprobe check`,
      ),
    ];
  const any = installations.some((installation) => installation.served);
  return installations.map((installation) => {
    const what = `${runtime.id} ${installation.version ?? '(unknown version)'} (${installation.path}): ${installation.how}`;
    const subject = `${runtime.id}@${installation.path}`;
    if (installation.served) return ok(subject, what);
    return (any ? warning : problem)(subject, what, installation.todo);
  });
}

const OWN = 'its own probes';

async function ownProbes(
  host: Host,
  found: Found,
  ask: (subject: Subject) => Promise<readonly Listed[] | { readonly error: string }>,
): Promise<string> {
  if (host.platform !== 'linux') return 'whether it has probes of its own is unknown here';
  const probes = await ask(interpreterSubject(found, host.env));
  if ('error' in probes) return `the probes of its own could not be listed: ${probes.error}`;
  if (probes.length === 0) return 'it has no probes of its own';
  return `${OWN}: ${probes.map(({ name }) => name).join(', ')}`;
}

function checkOther({ interpreter, path, version }: Found, own: string, abi: Abi, served: readonly Served[]): Finding {
  const who = `${interpreter.id} ${version} (${path})`;
  const subject = `${interpreter.id}@${path}/own`;
  // Then the runtime's own line says how it is served.
  if (served.some(({ runtime }) => runtime.id === interpreter.id)) return ok(subject, `${who}: ${own}`);
  const planned = abi.languages.some(({ id }) => id === interpreter.id) ? 'no provider yet' : 'no provider';
  const list = own.startsWith(OWN) ? `; for its own: sudo bpftrace -l 'usdt:${path}:*'` : '';
  return note(subject, `${who}: ${planned}; ${own}`, `for what is planned: polyprobe probes${list}`);
}
