/**
 * Turns the server's byte offsets (UTF-8) into positions in a JavaScript string (UTF-16), for the editor's markers.
 */

/** UTF-16 offset of a UTF-8 byte offset. An offset inside a character gives that character's start; past the end, the end. */
export function utf16Offset(text: string, byteOffset: number): number {
  let bytes = 0;
  let index = 0;
  while (index < text.length) {
    const point = text.codePointAt(index) ?? 0;
    const width = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (bytes + width > byteOffset) return index;
    bytes += width;
    index += point > 0xffff ? 2 : 1;
  }
  return text.length;
}

/** UTF-8 bytes before a UTF-16 offset. */
export const byteOffset = (text: string, offset: number): number => new TextEncoder().encode(text.slice(0, offset)).length;

export interface Position {
  /** From 1, as the editor counts. */
  line: number;
  column: number;
}

/** Line and column of a UTF-16 offset. `\r\n`, `\n` and a lone `\r` each end a line, as in the editor. */
export function positionAt(text: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let index = 0; index < offset && index < text.length; index += 1) {
    const unit = text[index];
    const ends = unit === "\n" || (unit === "\r" && text[index + 1] !== "\n");
    if (!ends) continue;
    line += 1;
    start = index + 1;
  }
  return { line, column: Math.min(offset, text.length) - start + 1 };
}

export interface Range {
  start: Position;
  end: Position;
}

/** The editor range of a byte span. */
export const rangeOfBytes = (text: string, startByte: number, endByte: number): Range => ({
  start: positionAt(text, utf16Offset(text, startByte)),
  end: positionAt(text, utf16Offset(text, Math.max(startByte, endByte))),
});

/** The same for a mark; an empty span is widened to one character, so that there is something to see. */
export function rangeOfSpan(text: string, startByte: number, endByte: number): Range {
  let start = utf16Offset(text, startByte);
  let end = utf16Offset(text, Math.max(startByte, endByte));
  if (end === start) {
    if (end < text.length) end += 1;
    else if (start > 0) start -= 1;
  }
  return { start: positionAt(text, start), end: positionAt(text, end) };
}
