/** Writes the tables of the README, between markers. Called by `main.ts`. */
import type { Abi, Served } from '../abi/types.js';
import type { Output } from './output.js';

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** One row for each probe: its arguments in order. */
export function docsTable(abi: Abi): Output {
  const width = Math.max(...abi.probes.map((probe) => probe.args.length));
  const columns = Array.from({ length: width }, (_, index) => `arg${index}`);
  const rows = abi.probes.map((probe) => {
    const args = columns.map((_, index) => {
      const argument = probe.args[index];
      if (!argument) return '';
      return argument.type === 'string' ? `${argument.name} (str)` : argument.name;
    });
    return `| \`${probe.name}\` | ${args.map(cell).join(' | ')} |`;
  });
  const text = [`| probe | ${columns.join(' | ')} |`, `|---|${columns.map(() => '---').join('|')}|`, ...rows].join(
    '\n',
  );
  return { path: 'README.md', marker: 'abi', text };
}

const word: Record<Served, string> = { yes: '', planned: 'planned: ', no: 'no: ' };

/** One row for each probe: what fires it in which runtime. */
export function runtimesTable(abi: Abi): Output {
  const rows = abi.probes.map((probe) => {
    const cells = abi.languages.map((language) => {
      const service = probe.runtimes[language.id]!;
      return cell(`${word[service.served]}${service.how}`);
    });
    return `| \`${probe.name}\` | ${cells.join(' | ')} |`;
  });
  const text = [
    `| probe | ${abi.languages.map((language) => language.title).join(' | ')} |`,
    `|---|${abi.languages.map(() => '---').join('|')}|`,
    ...rows,
  ].join('\n');
  return { path: 'README.md', marker: 'runtimes', text };
}
