import t from 'tap';
import { checkTracers } from '../../core/check/tracers.js';
import { complaints, machine, marks } from './machine.js';

t.test('without bpftrace there is a command that installs it', async (t) => {
  const commands = { '/usr/bin/bpftrace --version': null };
  t.match(complaints(await checkTracers(machine({ commands }))), [
    { id: 'tracers/bpftrace', level: 'warning', todo: 'sudo apt-get install bpftrace' },
  ]);
  const neither = { ...commands, '/usr/bin/perf --version': null };
  t.strictSame(marks(await checkTracers(machine({ commands: neither }))), [
    'problem tracers/bpftrace',
    'note tracers/perf',
  ]);
});

t.test('the faults of an old bpftrace are told, by its version', async (t) => {
  const found = (version: string): Promise<string[]> =>
    checkTracers(machine({ commands: { '/usr/bin/bpftrace --version': version } })).then((all) =>
      marks(complaints(all)),
    );
  t.strictSame(await found('bpftrace v0.9.4\n'), ['warning tracers/bpftrace-old', 'note tracers/bpftrace-strings']);
  t.strictSame(await found('bpftrace v0.17.0\n'), ['note tracers/bpftrace-strings']);
  t.strictSame(await found('bpftrace v0.20.0\n'), []);
  t.strictSame(await found('bpftrace, built from source\n'), [], 'a version that is not told is no fault');
});

t.test('bcc without headers of the kernel is told', async (t) => {
  const commands = { '/usr/sbin/tplist-bpfcc': '' };
  t.strictSame(marks(complaints(await checkTracers(machine({ commands })))), ['note tracers/bcc']);
  const files = { '/lib/modules/6.1.0-18-amd64/build': '' };
  t.strictSame(complaints(await checkTracers(machine({ commands, files }))), []);
});
