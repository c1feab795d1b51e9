/** What the present user may do: attach tracers, look into processes. */
import type { Host } from './host.js';
import { reporter, type Finding } from './types.js';

const { ok, note, warning } = reporter('permission');

/* Bits of /proc/PID/status, CapEff (include/uapi/linux/capability.h). */
const CAPABILITIES = { SYS_PTRACE: 19n, SYS_ADMIN: 21n, PERFMON: 38n, BPF: 39n } as const;
type Capability = keyof typeof CAPABILITIES;

/** The effective capabilities that matter here. */
function capabilities({ read }: Host): ReadonlySet<Capability> {
  const mask = /^CapEff:\s*([0-9a-f]+)/m.exec(read('/proc/self/status') ?? '')?.[1];
  const bits = mask === undefined ? 0n : BigInt(`0x${mask}`);
  const names = Object.keys(CAPABILITIES) as Capability[];
  return new Set(names.filter((name) => (bits >> CAPABILITIES[name]) & 1n));
}

/** Whether bpftrace can attach as who we are; `fires` asks it too. */
export function mayTrace(host: Host): boolean {
  const has = capabilities(host);
  return host.uid === 0 && (has.has('SYS_ADMIN') || (has.has('BPF') && has.has('PERFMON')));
}

/** All that permission decides. */
export function checkPermission(host: Host): Finding[] {
  if (host.platform !== 'linux') return [];
  const has = capabilities(host);
  const attach = has.has('SYS_ADMIN') || (has.has('BPF') && has.has('PERFMON'));
  const who = host.uid === 0 ? 'root' : `uid ${host.uid ?? '?'}`;
  const held = [...has].map((name) => `CAP_${name}`).join(', ') || 'no capability for it';
  const findings: Finding[] = [];
  if (attach && host.uid === 0) findings.push(ok('attach', `${who} with ${held}: may trace every process`));
  else if (attach)
    findings.push(
      note(
        'attach',
        `${who} with ${held}: perf and libbpf tools may trace every process, bpftrace refuses whoever isn't root`,
        'sudo polyprobe trace …',
      ),
    );
  else if (host.uid === 0)
    findings.push(
      warning(
        'attach',
        `root without CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON: may not trace, as in a container without privileges`,
        'trace from the host, or start the container with: docker run --cap-add=BPF --cap-add=PERFMON --cap-add=SYS_PTRACE --cap-add=SYS_ADMIN …',
      ),
    );
  else
    findings.push(
      warning('attach', `${who} has ${held}: may run programs with probes, may not trace them`, 'sudo polyprobe check'),
    );
  if (attach && !has.has('SYS_PTRACE'))
    findings.push(
      note(
        'look',
        "without CAP_SYS_PTRACE other users' processes can be traced by path, but ps doesn't list them",
        'run as root of the host, or add the capability: setpriv, systemd AmbientCapabilities=, docker --cap-add=SYS_PTRACE',
      ),
    );
  return findings;
}
