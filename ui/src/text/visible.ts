/**
 * Makes log text safe to look at.
 *
 * React already renders it as text. What is left are characters that mislead the reader: control characters, and the
 * invisible format characters that reorder or hide text (a bidirectional override turns `exe.gpj` into `jpg.exe`). They
 * are replaced by a visible escape; everything else, other scripts included, stays as it is. (Emoji joined by zero-width
 * characters come apart: those characters can hide text as well.)
 */

/** C0 except tab and line feed, DEL, C1, bidi controls, zero-width and other invisible format characters, lone surrogates. */
const MISLEADING =
  // eslint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]|\udb40[\udc00-\udfff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

// eslint-disable-next-line no-misleading-character-class
const MISLEADING_ON_ONE_LINE = new RegExp(["[\\t\\n]", MISLEADING.source].join("|"), "g");

const SHORT: Record<string, string> = { "\r": "\\r", "\t": "\\t", "\n": "\\n", "\0": "\\0", "\u001b": "\\e" };

function escapeOf(match: string): string {
  const short = SHORT[match];
  if (short !== undefined) return short;
  const point = match.codePointAt(0) ?? 0;
  return point > 0xffff ? `\\u{${point.toString(16)}}` : `\\u${point.toString(16).padStart(4, "0")}`;
}

export interface Piece {
  text: string;
  /** True for an escape that stands for a character of the original. */
  escape: boolean;
}

/** Splits text into plain pieces and visible escapes. With `oneLine`, tabs and line feeds are escaped as well. */
export function visiblePieces(text: string, oneLine = false): Piece[] {
  const pattern = oneLine ? MISLEADING_ON_ONE_LINE : MISLEADING;
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), escape: false });
    pieces.push({ text: escapeOf(match[0]), escape: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), escape: false });
  return pieces;
}

/** The same as one string, for titles, labels and other places that take no markup. */
export function visible(text: string, oneLine = true): string {
  return visiblePieces(text, oneLine)
    .map((piece) => piece.text)
    .join("");
}
