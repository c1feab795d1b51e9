import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { until } from './fixtures.js';
import {
  containerOfCgroup,
  processArguments,
  processContainer,
  processLink,
  processStatus,
  startTime,
  userNames,
} from '../../core/elf/proc.js';

const ID = '0123456789abcdef'.repeat(4);

const CGROUPS: [string, string | undefined][] = [
  ['0::/', undefined],
  ['0::/user.slice/user-1000.slice/session-2.scope', undefined],
  ['0::/system.slice/docker.service', undefined],
  [`0::/system.slice/docker-${ID}.scope`, `docker:${ID}`],
  [`12:cpu:/docker/${ID}\n0::/`, `docker:${ID}`],
  [`0::/machine.slice/libpod-${ID}.scope/container`, `podman:${ID}`],
  [`0::/machine.slice/libpod-conmon-${ID}.scope`, undefined],
  [`0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope`, `containerd:${ID}`],
  [`0::/kubepods.slice/kubepods-pod1.slice/crio-${ID}.scope`, `crio:${ID}`],
  [`0::/system.slice/kubepods-pod1.slice:cri-containerd:${ID}`, `containerd:${ID}`],
  [`0::/k8s.io/${ID}`, `containerd:${ID}`],
  [`0::/kubepods/besteffort/pod1/${ID}`, `k8s:${ID}`],
  ['0::/lxc.payload.web-1/system.slice/nginx.service', 'lxc:web-1'],
  ['3:cpu:/lxc/web-1', 'lxc:web-1'],
  ['0::/machine.slice/systemd-nspawn@web.service/payload', 'nspawn:web'],
];

for (const [text, container] of CGROUPS) {
  t.test(
    `the group ${text.slice(0, 70).replaceAll('\n', ' ')} belongs to ${container?.slice(0, 20) ?? 'no container'}`,
    async (t) => {
      t.equal(containerOfCgroup(`${text}\n`), container);
    },
  );
}

t.test('a process of ours is described as we know it', async (t) => {
  const before = Date.now();
  const child = spawn('sleep', ['1000'], { argv0: 'a) b (c', cwd: '/usr' });
  await once(child, 'spawn');
  const pid = child.pid!;
  // The kernel sets the arguments a moment after it told the parent that the program started.
  await until('the program has its arguments', () => processArguments(pid).length > 0);
  const status = processStatus(pid);
  t.equal(status.ppid, process.pid);
  t.equal(status.uid, process.geteuid!());
  t.strictSame(processArguments(pid), ['a) b (c', '1000']);
  t.equal(processLink(pid, 'cwd'), '/usr');
  t.match(processLink(pid, 'exe'), /\/sleep$/);
  const started = startTime(status.startTicks)!;
  // The time of boot is known in whole seconds.
  t.ok(Math.abs(started.getTime() - before) < 3000, `${started.toISOString()} is about now`);
  t.equal(processContainer(pid), processContainer(process.pid));
  child.kill();
});

t.test('the first name of a user counts, and what is no entry is skipped', async (t) => {
  const file = join(t.testdir({}), 'passwd');
  writeFileSync(file, 'root:x:0:0::/root:/bin/sh\ntoor:x:0:0:::\n\n# comment\nbroken\nweb:x:33:33:::\n');
  t.strictSame(
    [...userNames(file)],
    [
      [0, 'root'],
      [33, 'web'],
    ],
  );
  t.strictSame([...userNames('/no/such/file')], []);
});
