/** A small definition that is right, for the tests to break in one place at a time. */
import type { Abi, Argument, Probe, Service } from '../../core/abi/types.js';

const yes: Service = { served: 'yes', how: 'always' };

export const argument = (changes: Partial<Argument> = {}): Argument => ({
  name: 'line',
  type: 'u64',
  meaning: 'A line.',
  ...changes,
});

export const probe = (changes: Partial<Probe> = {}): Probe => ({
  name: 'thing__happens',
  since: '1.0',
  stability: 'stable',
  meaning: 'A thing happens.',
  args: [argument()],
  runtimes: { node: yes, python: { served: 'planned', how: 'some day' } },
  ...changes,
});

export const small = (changes: Partial<Abi> = {}): Abi => ({
  version: { major: 1, minor: 0 },
  languages: [
    { id: 'node', provider: 'polyprobe_node', title: 'Node.js' },
    { id: 'python', provider: 'polyprobe_python', title: 'Python' },
  ],
  probes: [probe()],
  ...changes,
});
