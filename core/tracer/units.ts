/** Numbers as people read them, one unit to a column, so that digits can be compared. Raw numbers are for JSON. */

/** 1234567 as `1,234,567`. */
export const count = (n: number): string => Math.round(n).toLocaleString('en-US');

/** Nanoseconds as milliseconds, with the microseconds as decimals. */
export const ms = (ns: number): string =>
  (ns / 1e6).toLocaleString('en-US', { minimumFractionDigits: 3, maximumFractionDigits: 3 });

/** Nanoseconds as microseconds. */
export const us = (ns: number): string =>
  (ns / 1e3).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** A share of a whole. */
export const percent = (part: number, whole: number): string =>
  whole > 0 ? `${((100 * part) / whole).toFixed(1)}%` : '-';

/** Bytes as MiB; `-` for 0, which stands for unknown. */
export const mib = (bytes: number): string =>
  bytes === 0
    ? '-'
    : (bytes / 1024 / 1024).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** A number of microseconds as the edge of a histogram's bar: `512 us`, `16 ms`, `2 s`, by powers of two. */
export function edge(micros: number): string {
  if (micros < 1000) return `${micros} us`;
  if (micros < 1_000_000) return `${Number((micros / 1000).toFixed(micros < 10_000 ? 1 : 0))} ms`;
  return `${Number((micros / 1e6).toFixed(1))} s`;
}
