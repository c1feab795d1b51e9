/**
 * Counts tests in tap's output, file by file as they end.
 *
 * A test is what has a name and no named parts: a subtest without subtests, or an assertion beside subtests. Assertions within
 * a test aren't counted, so that a loop of ten thousand is one test.
 */
import { Parser, type Result } from 'tap-parser';

/** A test that failed or was skipped. */
export interface Remark {
  /** Its names, outermost first, without the file's. */
  readonly name: string;
  /** Why: a skip's reason, or what tap says of a failure. */
  readonly why: string;
}

/** What one test file gave. */
export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: readonly Remark[];
  readonly skipped: readonly Remark[];
  /** Undefined when it didn't get so far. */
  readonly seconds: number | undefined;
}

interface Node {
  readonly children: Node[];
  readonly points: Result[];
  /** The line that ends it, in its parent. */
  closing: Result | undefined;
}

interface Counts {
  passed: number;
  failed: Remark[];
  skipped: Remark[];
}

/** What of a failure's diagnostics helps: tap's own stack and source are shown by the line. */
function reason(result: Result): string {
  const diag = result.diag as Record<string, unknown> | null;
  if (!diag) return result.tapError ?? '';
  const at = diag['at'] as { fileName?: string; lineNumber?: number } | undefined;
  const lines = [...(at?.fileName ? [`at ${at.fileName}:${at.lineNumber}`] : [])];
  for (const [key, value] of Object.entries(diag)) {
    if (['at', 'stack', 'source', 'errorOrigin'].includes(key)) continue;
    lines.push(`${key}: ${typeof value === 'string' ? value.trimEnd() : JSON.stringify(value)}`);
  }
  if (typeof diag['stack'] === 'string') lines.push(diag['stack'].trimEnd());
  return lines.join('\n');
}

/** The failures below a node, the assertions that say why; the node's own closing line when there are none. */
function failures(node: Node, path: string): Remark[] {
  const name = (last: string): string => [path, last].filter((part) => part !== '').join(' > ');
  const below = [
    ...node.children.flatMap((child) => failures(child, name(child.closing?.name ?? '?'))),
    ...node.points.filter((point) => isFailed(point)).map((point) => ({ name: name(point.name), why: reason(point) })),
  ];
  if (below.length > 0 || !node.closing || node.closing.ok) return below;
  return [{ name: path, why: reason(node.closing) }];
}

const isFailed = (result: Result): boolean => !result.ok && !result.todo && !result.skip;

/** Adds one finished test, or one assertion that stands for itself. */
function count(result: Result, path: string, node: Node | undefined, into: Counts): void {
  if (result.skip || result.todo)
    into.skipped.push({ name: path, why: [result.skip, result.todo].find((why) => typeof why === 'string') ?? '' });
  else if (isFailed(result)) {
    const [first, ...more] = node ? failures(node, path) : [];
    const also = more.length > 0 ? `\n(and ${more.length} more in this test)` : '';
    into.failed.push(first ? { name: first.name, why: first.why + also } : { name: path, why: reason(result) });
  } else into.passed++;
}

function walk(node: Node, path: string, into: Counts): void {
  const name = (last: string): string => [path, last].filter((part) => part !== '').join(' > ');
  if (node.children.length === 0) {
    if (node.closing) count(node.closing, path, node, into);
    return;
  }
  const before = into.failed.length;
  for (const child of node.children) walk(child, name(child.closing?.name ?? '?'), into);
  for (const point of node.points) count(point, name(point.name), undefined, into);
  // All its parts are well and it isn't: it ended too early, too late, or by a signal.
  if (node.closing && isFailed(node.closing) && into.failed.length === before)
    into.failed.push({ name: path, why: reason(node.closing) });
}

function follow(parser: Parser): Node {
  const node: Node = { children: [], points: [], closing: undefined };
  parser.on('child', (child: Parser) => node.children.push(follow(child)));
  parser.on('assert', (result: Result) => {
    const last = node.children.at(-1);
    if (result.closingTestPoint && last && !last.closing) last.closing = result;
    else node.points.push(result);
  });
  return node;
}

/**
 * Reads tap's output of many files.
 * @param onFile called when a file has ended
 * @returns where to write the output
 */
export function tally(onFile: (result: FileResult) => void): Parser {
  const parser = new Parser();
  let current: Node | undefined;
  parser.on('child', (child: Parser) => (current = follow(child)));
  parser.on('assert', (closing: Result) => {
    const node: Node = current ?? { children: [], points: [], closing: undefined };
    current = undefined;
    node.closing = closing;
    const counts: Counts = { passed: 0, failed: [], skipped: [] };
    // Assertions outside of tests are tests of their own here: a file has a name already.
    if (node.children.length === 0 && node.points.length > 0) {
      for (const point of node.points) count(point, point.name, undefined, counts);
      if (isFailed(closing) && counts.failed.length === 0) counts.failed.push({ name: '', why: reason(closing) });
    } else walk(node, '', counts);
    onFile({ file: closing.name, ...counts, seconds: closing.time === null ? undefined : closing.time / 1000 });
  });
  return parser;
}
