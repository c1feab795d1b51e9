/** The tracers on this machine, their versions, and what is known to be wrong with these. */
import coerce from 'semver/functions/coerce.js';
import satisfies from 'semver/functions/satisfies.js';
import type { Host } from './host.js';
import { reporter, type Finding } from './types.js';

const { ok, note, warning, problem } = reporter('tracers');

/** Something that a range of versions does wrong or can't do. */
interface Fault {
  readonly tracer: 'bpftrace';
  readonly versions: string;
  readonly subject: string;
  readonly level: 'note' | 'warning' | 'problem';
  readonly what: string;
  readonly todo: string;
}

/** Add a line for every new one. Measured or read in the tracer's own issues; versions as the tracer counts them. */
const FAULTS: readonly Fault[] = [
  {
    tracer: 'bpftrace',
    versions: '<0.14.0',
    subject: 'old',
    level: 'warning',
    what: 'is older than what polyprobe is tested with (0.17)',
    todo: 'install a later one: https://github.com/bpftrace/bpftrace/releases',
  },
  {
    tracer: 'bpftrace',
    // 0.20 has renamed the variable.
    versions: '<0.20.0',
    subject: 'strings',
    level: 'note',
    what: 'shows 63 bytes of a string, 199 at most, and reads arg0 to arg5 alone (our probes have no more)',
    todo: 'for long paths and queries: sudo BPFTRACE_STRLEN=199 bpftrace …',
  },
];

/** bpftrace, perf, bcc. */
export async function checkTracers(host: Host): Promise<Finding[]> {
  if (host.platform !== 'linux') return [];
  const [bpftrace, perf] = await Promise.all([version(host, 'bpftrace'), version(host, 'perf')]);
  const findings: Finding[] = [];
  if (bpftrace) {
    findings.push(ok('bpftrace', `bpftrace ${bpftrace.version ?? 'of unknown version'} (${bpftrace.path})`));
    const known = coerce(bpftrace.version);
    for (const fault of FAULTS)
      if (known && satisfies(known, fault.versions))
        findings.push({
          id: `tracers/bpftrace-${fault.subject}`,
          group: 'tracers',
          level: fault.level,
          what: `bpftrace ${bpftrace.version ?? ''} ${fault.what}`,
          todo: fault.todo,
        });
  } else {
    const what = "bpftrace isn't installed: polyprobe trace and these checks need it";
    // With perf there is still a way to use the probes.
    findings.push((perf ? warning : problem)('bpftrace', what, 'sudo apt-get install bpftrace'));
  }
  if (perf) findings.push(ok('perf', `perf ${perf.version ?? 'of unknown version'} (${perf.path})`));
  else
    findings.push(
      note('perf', "perf isn't installed; only perf's own users need it", 'sudo apt-get install linux-perf'),
    );
  return [...findings, ...checkBcc(host)];
}

/** bcc's tools compile C for the running kernel whenever they start. */
function checkBcc({ which, exists, kernel }: Host): Finding[] {
  const tplist = which('tplist-bpfcc') ?? which('tplist');
  if (tplist === undefined) return [];
  if (exists(`/lib/modules/${kernel}/build`) || exists('/sys/kernel/kheaders.tar.xz'))
    return [ok('bcc', `bcc (${tplist})`)];
  return [
    note(
      'bcc',
      `bcc (${tplist}) has no headers of this kernel, and fails without them`,
      'sudo apt-get install linux-headers-$(uname -r), or use bpftrace, which needs none',
    ),
  ];
}

/** @returns undefined when it isn't there; a version of undefined when it doesn't say */
async function version(
  host: Host,
  command: string,
): Promise<{ path: string; version: string | undefined } | undefined> {
  const path = host.which(command);
  if (path === undefined) return undefined;
  const { stdout } = await host.run(path, ['--version']);
  return { path, version: /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] };
}
