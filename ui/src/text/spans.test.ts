import { describe, expect, it } from "vitest";
import { byteOffset, positionAt, rangeOfBytes, rangeOfSpan, utf16Offset } from "./spans";

describe("utf16Offset", () => {
  it.each([
    ["abc", 2, 2],
    ["é|x", 2, 1],
    ["é|x", 3, 2],
    ["日x", 3, 1],
    ["🙂x", 4, 2],
    // Inside a character: its start.
    ["🙂x", 2, 0],
    ["abc", 99, 3],
    ["", 0, 0],
  ])("%j at byte %i is unit %i", (text, bytes, units) => expect(utf16Offset(text, bytes)).toBe(units));

  it("agrees with the encoder at every character", () => {
    const text = "T | where A == 'é日🙂' // ü\r\n| take 5";
    const encoder = new TextEncoder();
    let index = 0;
    for (const character of text) {
      expect(utf16Offset(text, encoder.encode(text.slice(0, index)).length)).toBe(index);
      index += character.length;
    }
  });
});

describe("byteOffset", () => {
  it("is what utf16Offset turns back", () => {
    const text = "T | where A == 'é日🙂' // ü\r\n| take 5";
    let index = 0;
    for (const character of text) {
      expect(utf16Offset(text, byteOffset(text, index))).toBe(index);
      index += character.length;
    }
  });
});

describe("positionAt", () => {
  it.each([
    ["a\nb", 2, { line: 2, column: 1 }],
    ["a\r\nb", 3, { line: 2, column: 1 }],
    ["a\rb", 2, { line: 2, column: 1 }],
    ["abc", 99, { line: 1, column: 4 }],
    ["", 0, { line: 1, column: 1 }],
  ])("%j at %i", (text, offset, expected) => expect(positionAt(text, offset)).toEqual(expected));
});

describe("rangeOfSpan", () => {
  it("spans the named column after wide characters and lines", () => {
    expect(rangeOfSpan("// 🙂\nT | where Acount", 18, 24)).toEqual({ start: { line: 2, column: 11 }, end: { line: 2, column: 17 } });
  });
  it("widens an empty span so that it can be seen", () => {
    expect(rangeOfSpan("abc", 1, 1)).toEqual({ start: { line: 1, column: 2 }, end: { line: 1, column: 3 } });
    expect(rangeOfSpan("abc", 3, 3)).toEqual({ start: { line: 1, column: 3 }, end: { line: 1, column: 4 } });
  });
});

describe("rangeOfBytes", () => {
  it("leaves an empty span empty: it is where text goes", () => {
    expect(rangeOfBytes("é\nb", 3, 3)).toEqual({ start: { line: 2, column: 1 }, end: { line: 2, column: 1 } });
  });
});
