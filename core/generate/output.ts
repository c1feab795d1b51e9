/** What every generator returns, and the two or three words that they share. */

/** One generated file, or one generated part of a hand-written one. */
export interface Output {
  /** From the project's top folder. */
  readonly path: string;
  readonly text: string;
  /** When given, `text` replaces what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`. */
  readonly marker?: string;
}

/** The lines that open a generated file. */
export function banner(title: string, open: string, middle: string, close: string): string[] {
  return [
    `${open} ${title}`,
    `${middle} Generated from core/abi/probes.ts by \`npm run generate\`; do not edit.`,
    ...(close ? [close] : []),
  ];
}

/** `gc__start` as a C constant's tail. */
export const upper = (name: string): string => name.toUpperCase();
