/** The kernel and the machine: can probes fire here at all, and can tracers see them. */
import coerce from 'semver/functions/coerce.js';
import satisfies from 'semver/functions/satisfies.js';
import type { Host } from './host.js';
import { reporter, type Finding } from './types.js';

const { ok, note, warning, problem } = reporter('system');

/* PROC_PID_INIT_INO of include/linux/proc_ns.h: the first pid namespace has this number on every kernel. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

/** All that the system decides. */
export function checkSystem(host: Host): Finding[] {
  if (host.platform !== 'linux')
    return [
      problem(
        'platform',
        `probes need Linux, this is ${host.platform}; programs run as ever, without probes`,
        'run the program in a Linux machine or container (lima, multipass, docker) to trace it',
      ),
    ];
  return [
    checkUprobes(host),
    checkArchitecture(host),
    checkLibc(host),
    checkTracefs(host),
    ok('perf-event-paranoid', paranoid(host)),
    checkBtf(host),
    ...checkLockdown(host),
    ...checkNamespace(host),
    ...checkMemlock(host),
  ];
}

function checkUprobes({ kernel, exists }: Host): Finding {
  if (exists('/sys/bus/event_source/devices/uprobe/type')) return ok('uprobes', `kernel ${kernel} with uprobes`);
  if (!exists('/sys/bus/event_source/devices'))
    return warning(
      'uprobes',
      `/sys isn't mounted, so it's unknown whether kernel ${kernel} has uprobes`,
      'mount -t sysfs nodev /sys',
    );
  // The perf interface to uprobes came with 4.17; perf and bcc can do with tracefs before that.
  if (satisfies(coerce(kernel) ?? '0.0.0', '<4.17.0'))
    return problem(
      'uprobes',
      `kernel ${kernel} is too old for tracers that attach without tracefs`,
      'use Linux 4.17 or later',
    );
  return problem(
    'uprobes',
    `kernel ${kernel} was built without uprobes`,
    'use a kernel with CONFIG_UPROBE_EVENTS=y (every distribution has it): grep UPROBE /boot/config-$(uname -r)',
  );
}

function checkArchitecture({ architecture }: Host): Finding {
  const names: Readonly<Record<string, string>> = { x64: 'x86-64', arm64: 'aarch64' };
  const name = names[architecture];
  if (name) return ok('architecture', name);
  return problem(
    'architecture',
    `there are probes for x86-64 and aarch64, this is ${architecture}`,
    'use a machine of one of these',
  );
}

function checkLibc({ glibc }: Host): Finding {
  if (glibc !== undefined) return ok('libc', `glibc ${glibc}`);
  return problem(
    'libc',
    'this Node.js uses musl, the native parts are built for glibc',
    'use a glibc image or build: node:22-slim in place of node:22-alpine',
  );
}

function checkTracefs({ read }: Host): Finding {
  const mounts = read('/proc/self/mounts') ?? '';
  const place = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[2] === 'tracefs')?.[1];
  if (place !== undefined) return ok('tracefs', `tracefs at ${place}`);
  return warning(
    'tracefs',
    "tracefs isn't mounted: no tracepoints (scheduler, disk, system calls), and perf can't use probes",
    'sudo mount -t tracefs nodev /sys/kernel/tracing',
  );
}

/** Matters to users without rights alone, and never is enough: a uprobe asks for CAP_PERFMON whatever it says. */
function paranoid({ read }: Host): string {
  const value = read('/proc/sys/kernel/perf_event_paranoid')?.trim() ?? 'unknown';
  return `perf_event_paranoid ${value} (probes ask for CAP_PERFMON at any value)`;
}

function checkBtf({ exists }: Host): Finding {
  if (exists('/sys/kernel/btf/vmlinux')) return ok('btf', 'BTF at /sys/kernel/btf/vmlinux');
  return note(
    'btf',
    'the kernel has no BTF: probes work, scripts that look into kernel structures need headers',
    'sudo apt-get install linux-headers-$(uname -r)',
  );
}

function checkLockdown({ read }: Host): Finding[] {
  const mode = /\[(\w+)\]/.exec(read('/sys/kernel/security/lockdown') ?? '')?.[1];
  if (mode === undefined || mode === 'none') return [];
  if (mode === 'integrity') return [ok('lockdown', 'lockdown mode integrity, which allows tracing')];
  return [
    problem(
      'lockdown',
      `the kernel is locked down (${mode}): nobody may trace, root included`,
      'boot without lockdown=confidentiality on the kernel command line, or with Secure Boot off',
    ),
  ];
}

function checkNamespace({ link }: Host): Finding[] {
  const namespace = link('/proc/self/ns/pid');
  if (namespace === undefined || namespace === FIRST_PID_NAMESPACE) return [];
  return [
    warning(
      'container',
      'this is a container: tracers here show the process numbers of the host, and only see processes of the container',
      'trace from the host, or start the container with: docker run --privileged --pid=host -v /sys/kernel/tracing:/sys/kernel/tracing …',
    ),
  ];
}

/** BPF memory counted against this limit until 5.11; since then it is the control group's. */
function checkMemlock({ kernel, read }: Host): Finding[] {
  if (!satisfies(coerce(kernel) ?? '0.0.0', '<5.11.0')) return [];
  const limit = /^Max locked memory +(\d+)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  if (limit === undefined || Number(limit) >= 64 * 1024 * 1024) return [];
  return [
    warning(
      'memlock',
      `at most ${Number(limit) / 1024} KiB may be locked, which is little for tracers on a kernel before 5.11`,
      'ulimit -l unlimited',
    ),
  ];
}
