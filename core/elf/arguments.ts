/** The argument strings of SystemTap's notes: `8@%rdi -4@$5 8@16(%rsp) 4@[sp, 12] 8f@%xmm0`. */

/** One argument: where a tracer finds the value while the program stands at the site. */
export interface ProbeArgument {
  /** Bytes; 0 when the note doesn't say, as compilers before 2010 wrote it. */
  readonly size: number;
  readonly signed: boolean;
  readonly float: boolean;
  /** As the assembler wrote it: a register, a constant or a memory reference. */
  readonly operand: string;
}

/*
 * An argument starts at the beginning or behind white space with `N@`. Splitting at white space
 * alone would cut Arm's `[sp, 12]` in two.
 */
const START = /(?:^|\s)(-?)(\d{1,3})(f?)@/g;

/** Never throws: what doesn't fit the grammar comes back as operands of size 0. */
export function parseArguments(text: string): ProbeArgument[] {
  const starts = [...text.matchAll(START)];
  const before = starts.length > 0 ? text.slice(0, starts[0]?.index) : text;
  const unsized = before.split(/\s+/).filter((operand) => operand !== '');
  return [
    ...unsized.map((operand) => ({ size: 0, signed: false, float: false, operand })),
    ...starts.map((match, i) => ({
      size: Number(match[2]),
      signed: match[1] === '-',
      float: match[3] === 'f',
      operand: text.slice(match.index + match[0].length, starts[i + 1]?.index).trim(),
    })),
  ];
}

/** `i32`, `u64`, `f64`; `?` when the note gives no size. */
export function typeName(argument: ProbeArgument): string {
  if (argument.size === 0) return '?';
  const letter = argument.float ? 'f' : argument.signed ? 'i' : 'u';
  return `${letter}${argument.size * 8}`;
}
