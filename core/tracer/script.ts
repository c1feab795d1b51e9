/**
 * The tools: bpftrace programs in `tools/`, listed from that folder and read from their own header comments.
 *
 * Owns how a tool's file is written: a header comment whose first line is ` * NAME: description`, and probes whose head,
 * `{` and `}` stand at the beginning of a line. The library's place in attach points is the word LIBPOLYPROBE; `assemble`
 * puts in the real copies, leaves out probes that no copy has (bpftrace refuses arguments of a probe that isn't there),
 * and narrows to processes. Starts nothing; called by `polyprobe script` and by session.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE } from '../paths.js';
import { TracerError } from './errors.js';

/** The folder. */
export const TOOLS = join(PACKAGE, 'core/tracer/tools');
const SUFFIX = /(?:\.gen)?\.bt$/;
const PLACEHOLDER = 'LIBPOLYPROBE';

/** A tool, as its file has it. */
export interface Tool {
  readonly name: string;
  /** One line, from the header. */
  readonly description: string;
  readonly text: string;
  /** It prints as it goes, instead of maps at the end. */
  readonly live: boolean;
  /** What it prints first is a heading. */
  readonly heading: boolean;
  /** Longest text, in bytes, that its program has room for; from the header, otherwise undefined. */
  readonly textBytes: number | undefined;
}

/** One file to attach to. */
export interface Copy {
  /** A path that opens it. */
  readonly path: string;
  /** Its probes, `provider:name`. */
  readonly probes: ReadonlySet<string>;
}

/** How a tool becomes a program. */
export interface Assembly {
  readonly copies: readonly Copy[];
  /** Only these processes; none: all. Numbers of the first process id namespace. */
  readonly pids?: readonly number[];
  /** Follow what the processes fork, too. */
  readonly children?: boolean;
  /** A line to print first, for whoever waits for it. */
  readonly marker?: string;
}

/** Names of the tools, sorted. */
export function toolNames(folder = TOOLS): string[] {
  return readdirSync(folder)
    .filter((file) => SUFFIX.test(file))
    .map((file) => file.replace(SUFFIX, ''))
    .sort();
}

/**
 * One tool.
 * @throws TracerError `unknown-tool`, `bad-tool`
 */
export function loadTool(name: string, folder = TOOLS): Tool {
  // The name comes from a command line: it is looked up in the list, never made into a path.
  const file = readdirSync(folder).find((each) => SUFFIX.test(each) && each.replace(SUFFIX, '') === name);
  if (file === undefined) {
    const names = toolNames(folder).join(', ');
    throw new TracerError('unknown-tool', `there is no tool '${name}'`, `one of ${names}`, 'see polyprobe script');
  }
  const text = readFileSync(join(folder, file), 'utf8');
  const description = /^ \* [\w-]+: (.+)$/m.exec(text)?.[1];
  const blocks = parseProbes(text);
  if (description === undefined || !blocks.some(isOurs)) {
    throw new TracerError(
      'bad-tool',
      `${file} is not a tool`,
      "a header line ' * NAME: description' and probes of usdt:LIBPOLYPROBE, each head and brace on a line of its own",
      'compare it with the others in core/tracer/tools',
    );
  }
  const bytes = /^ \*.*BPFTRACE_STRLEN=(\d+)/gm;
  const last = [...text.matchAll(bytes)].at(-1)?.[1];
  return {
    name,
    description,
    text,
    live: blocks.some((block) => isOurs(block) && prints(block)),
    heading: blocks.some((block) => block.head === 'BEGIN' && prints(block)),
    textBytes: last === undefined ? undefined : Number(last),
  };
}

/** All of them. */
export const listTools = (folder = TOOLS): Tool[] => toolNames(folder).map((name) => loadTool(name, folder));

interface Block {
  /** Attach points and predicate, as written. */
  readonly head: string;
  readonly body: string;
  readonly start: number;
  readonly end: number;
}

const isOurs = (block: Block): boolean => block.head.includes(`usdt:${PLACEHOLDER}:`);

const prints = (block: Block): boolean => /\b(?:printf|print)\s*\(/.test(block.body);

/* A head starts with the probe's type; comments start otherwise. */
const BLOCK = /^((?:BEGIN|END|[a-z]+:)[^{]*)^\{\n([\s\S]*?)^\}$/gm;

function parseProbes(text: string): Block[] {
  return [...text.matchAll(BLOCK)].map((match) => ({
    head: match[1]!.trim(),
    body: match[2]!,
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/**
 * A program that bpftrace runs as it is.
 * @throws TracerError `path`, `no-probes`
 */
export function assemble(tool: Tool, { copies, pids = [], children = false, marker }: Assembly): string {
  const narrow = children && pids.length > 0 ? '@traced[pid]' : pids.map((pid) => `pid == ${pid}`).join(' || ');
  const first = [
    ...(marker === undefined ? [] : [`  printf("${marker}\\n");`]),
    ...(children ? pids.map((pid) => `  @traced[${pid}] = 1;`) : []),
  ];
  const parts: string[] = [];
  let at = 0;
  let attached = 0;
  let begun = false;
  for (const block of parseProbes(tool.text)) {
    parts.push(tool.text.slice(at, block.start));
    at = block.end;
    if (block.head === 'BEGIN') {
      begun = true;
      parts.push(`BEGIN\n{\n${[...first, block.body].join('\n')}}`);
    } else if (isOurs(block)) {
      const head = expandHead(block.head, copies, narrow);
      if (head !== undefined) attached++;
      const name = block.head.split(':').at(-1);
      parts.push(head === undefined ? `// Left out: the library has no ${name} yet.` : `${head}\n{\n${block.body}}`);
    } else {
      parts.push(tool.text.slice(block.start, block.end));
    }
  }
  if (attached === 0) {
    throw new TracerError(
      'no-probes',
      `no copy of the library has the probes of '${tool.name}'`,
      'a library of the same version as this command',
      'see polyprobe ps --json for the copies, and polyprobe list PATH for what they have',
    );
  }
  parts.push(tool.text.slice(at).trimEnd(), '\n');
  if (!begun && first.length > 0) parts.push(`\nBEGIN\n{\n${first.join('\n')}\n}\n`);
  if (narrow === '@traced[pid]') parts.push(FORKS);
  return parts.join('');
}

/* The new process is born of the one on whose behalf the event fires; a thread's number does no harm. */
const FORKS = `
tracepoint:sched:sched_process_fork
/@traced[pid]/
{
  @traced[args->child_pid] = 1;
}
`;

/** Attach points of every copy that has the probe; undefined if none has. */
function expandHead(head: string, copies: readonly Copy[], narrow: string): string | undefined {
  const slash = head.indexOf('/');
  const predicate = slash < 0 ? '' : head.slice(slash + 1, head.lastIndexOf('/'));
  const points = (slash < 0 ? head : head.slice(0, slash)).split(',').flatMap((point) => {
    const [, , provider = '*', name = '*'] = point.trim().split(':');
    const wanted = glob(`${provider}:${name}`);
    return copies
      .filter((copy) => [...copy.probes].some((probe) => wanted.test(probe)))
      .map((copy) => `usdt:${attachPath(copy.path)}:${provider}:${name}`);
  });
  if (points.length === 0) return undefined;
  const both = [narrow, predicate].filter((each) => each !== '').map((each, _, all) => (all[1] ? `(${each})` : each));
  return points.join(',\n') + (both.length > 0 ? `\n/${both.join(' && ')}/` : '');
}

const glob = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);

/** A path as an attach point takes it: quoted where it has to be, and refused where no quotes help. */
function attachPath(path: string): string {
  if (/^[\w./+@~-]+$/.test(path)) return path;
  // bpftrace 0.17 splits at colons within quotes as well, and expands wildcards.
  if (/^[^:"\\*?[\]{}\n]+$/.test(path)) return `"${path}"`;
  throw new TracerError(
    'path',
    `bpftrace cannot be given the path ${path}`,
    'a path without colons, quotes, backslashes and wildcards',
    "make a symbolic link to it and put the link's path in; 'polyprobe trace' needs none",
  );
}
