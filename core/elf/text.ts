/**
 * Text that comes from files and processes we don't trust. Decoding never loses a byte silently;
 * escaping is done once, at display, and never in the data.
 */

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Bytes to a string: UTF-8 where it is valid; otherwise ASCII as it stands and every other byte as
 * `\xNN`, so that two different byte strings don't become one of replacement characters.
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return Array.from(bytes, (b) => (b < 0x80 ? String.fromCharCode(b) : hexEscape(b))).join('');
  }
}

/*
 * What a terminal obeys rather than prints (C0, DEL, C1), what breaks a line elsewhere (U+2028,
 * U+2029), what reorders the text around it (bidirectional controls), and lone surrogates.
 */
const UNSAFE =
  // eslint-disable-next-line no-control-regex -- control characters are the very thing looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]/gu;

/** For display: control characters become `\n`, `\t`, `\xNN` or `\uNNNN`; all else stays. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (c) => {
    if (c === '\n') return '\\n';
    if (c === '\t') return '\\t';
    if (c === '\r') return '\\r';
    const code = c.charCodeAt(0);
    return code < 0x100 ? hexEscape(code) : unicodeEscape(code);
  });
}

/**
 * For JSON that may be printed on a terminal: JSON.stringify leaves DEL, C1 and bidirectional
 * controls as they are; here they become `\uNNNN`, which means the same to every JSON reader.
 */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (c) => (c === '\n' ? c : unicodeEscape(c.charCodeAt(0))));
}

const hexEscape = (code: number): string => `\\x${code.toString(16).padStart(2, '0')}`;
const unicodeEscape = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;
