import t from 'tap';
import { checkPermission } from '../../core/check/permission.js';
import { complaints, machine, marks } from './machine.js';

const status = (mask: string): { files: Record<string, string> } => ({
  files: { '/proc/self/status': `CapEff:\t${mask}\n` },
});

t.test('who is not root is told to be', async (t) => {
  t.match(complaints(checkPermission(machine({ uid: 1000, ...status('0000000000000000') }))), [
    { id: 'permission/attach', level: 'warning', what: /uid 1000 has no capability/, todo: 'sudo polyprobe check' },
  ]);
});

t.test('root without capabilities is a container without privileges', async (t) => {
  const found = complaints(checkPermission(machine({ uid: 0, ...status('00000000a80425fb') })));
  t.strictSame(marks(found), ['warning permission/attach']);
  t.match(found[0], { what: /^root without CAP_SYS_ADMIN/, todo: /--cap-add=BPF/ });
});

t.test('a user with the two capabilities may trace, though not with bpftrace, nor see others', async (t) => {
  const found = complaints(checkPermission(machine({ uid: 1000, ...status('000000c000000000') })));
  t.strictSame(marks(found), ['note permission/attach', 'note permission/look']);
  t.match(found[0]!.what, /CAP_PERFMON, CAP_BPF: .*bpftrace refuses/);
});
