import t from 'tap';
import { checkPermission } from '../../core/check/permission.js';
import { checkSystem } from '../../core/check/system.js';
import { checkTracers } from '../../core/check/tracers.js';
import { complaints, machine, marks } from './machine.js';

t.test('nothing is wrong with a machine that has everything', async (t) => {
  const host = machine();
  t.strictSame(complaints([...checkSystem(host), ...checkPermission(host), ...(await checkTracers(host))]), []);
});

t.test('on macOS there is one problem, and what to do', async (t) => {
  const host = machine({ platform: 'darwin', architecture: 'arm64', glibc: undefined, uid: 501 });
  const found = [...checkSystem(host), ...checkPermission(host), ...(await checkTracers(host))];
  t.strictSame(marks(found), ['problem system/platform']);
  t.match(found[0], { what: /probes need Linux, this is darwin/, todo: /Linux machine or container/ });
});

t.test('musl, a strange processor and a kernel without uprobes are problems', async (t) => {
  const host = machine({
    glibc: undefined,
    architecture: 's390x',
    files: { '/sys/bus/event_source/devices/uprobe/type': null },
  });
  const found = complaints(checkSystem(host));
  t.strictSame(marks(found), ['problem system/uprobes', 'problem system/architecture', 'problem system/libc']);
  t.match(found[2], { what: /musl/, todo: /node:22-slim/ });
});

t.test('a kernel that is too old is told from one without uprobes', async (t) => {
  const files = { '/sys/bus/event_source/devices/uprobe/type': null };
  t.match(complaints(checkSystem(machine({ files, kernel: '4.9.0' })))[0]!.what, /too old/);
  t.match(complaints(checkSystem(machine({ files, kernel: '6.1.0' })))[0]!.what, /built without uprobes/);
  const unmounted = machine({ files: { ...files, '/sys/bus/event_source/devices': null } });
  t.strictSame(marks(complaints(checkSystem(unmounted))), ['warning system/uprobes']);
});

t.test('tracefs that is not mounted comes with the command that mounts it', async (t) => {
  const host = machine({ files: { '/proc/self/mounts': 'proc /proc proc rw 0 0\n' } });
  t.match(complaints(checkSystem(host)), [
    { id: 'system/tracefs', level: 'warning', todo: 'sudo mount -t tracefs nodev /sys/kernel/tracing' },
  ]);
});

t.test('a kernel without BTF is worth a note', async (t) => {
  t.strictSame(marks(complaints(checkSystem(machine({ files: { '/sys/kernel/btf/vmlinux': null } })))), [
    'note system/btf',
  ]);
});

t.test('lockdown is a problem in its strict mode only', async (t) => {
  const locked = (text: string): string[] =>
    marks(complaints(checkSystem(machine({ files: { '/sys/kernel/security/lockdown': text } }))));
  t.strictSame(locked('[none] integrity confidentiality\n'), []);
  t.strictSame(locked('none [integrity] confidentiality\n'), []);
  t.strictSame(locked('none integrity [confidentiality]\n'), ['problem system/lockdown']);
});

t.test('a container is told', async (t) => {
  const host = machine({ links: { '/proc/self/ns/pid': 'pid:[4026532444]' } });
  t.strictSame(marks(complaints(checkSystem(host))), ['warning system/container']);
});

t.test('the limit of locked memory matters to old kernels only', async (t) => {
  const files = { '/proc/self/limits': 'Max locked memory         65536                65536                bytes\n' };
  t.strictSame(complaints(checkSystem(machine({ files }))), []);
  t.match(complaints(checkSystem(machine({ files, kernel: '5.10.0-28-amd64' }))), [
    { id: 'system/memlock', what: /at most 64 KiB/, todo: 'ulimit -l unlimited' },
  ]);
});

t.test('every finding that is not ok says what to do', async (t) => {
  const worst = machine({
    uid: 1,
    glibc: undefined,
    files: { '/proc/self/mounts': '', '/sys/kernel/btf/vmlinux': null },
  });
  for (const finding of complaints([...checkSystem(worst), ...checkPermission(worst)]))
    t.not(finding.todo, '', finding.id);
});
