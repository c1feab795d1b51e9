/** What `polyprobe check` finds: plain data, printed by core/cli/check.ts or handed out as JSON. */

/**
 * - `ok`: as it should be.
 * - `note`: worth knowing; nothing is lost.
 * - `warning`: something can't be traced, or could be misread.
 * - `problem`: polyprobe doesn't work here. The only level that makes the exit status 1.
 */
export type Level = 'ok' | 'note' | 'warning' | 'problem';

/** The groups, in the order in which they are shown. */
export const GROUPS = [
  'system',
  'permission',
  'tracers',
  'library',
  'runtimes',
  'process',
  'conflicts',
  'fires',
] as const;
export type Group = (typeof GROUPS)[number];

/** One finding. */
export interface Finding {
  /** `group/subject`, stable, for programs. */
  readonly id: string;
  readonly group: Group;
  readonly level: Level;
  /** What is the case, in a sentence. */
  readonly what: string;
  /** What to do about it, commands ready to type; '' for `ok` alone. */
  readonly todo: string;
}

/** Makes a group's findings; keeps the group's name in one place of each file. */
export interface Reporter {
  ok(subject: string, what: string): Finding;
  note(subject: string, what: string, todo: string): Finding;
  warning(subject: string, what: string, todo: string): Finding;
  problem(subject: string, what: string, todo: string): Finding;
}

/** The reporter of one group. */
export function reporter(group: Group): Reporter {
  const make =
    (level: Level) =>
    (subject: string, what: string, todo = ''): Finding => ({ id: `${group}/${subject}`, group, level, what, todo });
  return { ok: make('ok'), note: make('note'), warning: make('warning'), problem: make('problem') };
}

/** How many of each level. */
export type Summary = Readonly<Record<Level, number>>;

/** Counts. */
export function summarise(findings: readonly Finding[]): Summary {
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  return { ok: count('ok'), note: count('note'), warning: count('warning'), problem: count('problem') };
}
