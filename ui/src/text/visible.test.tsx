import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { LogText } from "../components/LogText";
import { visible, visiblePieces } from "./visible";

describe("visible", () => {
  it.each([
    ["plain text", "plain text"],
    ["résumé 日本語 עברית 🙂", "résumé 日本語 עברית 🙂"],
    ["a\u202egpj.exe", "a\\u202egpj.exe"],
    ["\u2066x\u2069", "\\u2066x\\u2069"],
    ["zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"],
    ["\u001b[31mred", "\\e[31mred"],
    ["\0\u0007\u007f\u0085", "\\0\\u0007\\u007f\\u0085"],
    ["a\tb\r\nc", "a\\tb\\r\\nc"],
    ["tag\u{e0041}", "tag\\u{e0041}"],
    ["lone\ud800x", "lone\\ud800x"],
    ["\udc00lone", "\\udc00lone"],
    ["soft\u00adhyphen", "soft\\u00adhyphen"],
    ["line\u2028separator", "line\\u2028separator"],
  ])("%j reads %j", (text, expected) => expect(visible(text)).toBe(expected));

  it("keeps line feeds and tabs where lines are wanted", () => {
    expect(visible("a\n\tb\r", false)).toBe("a\n\tb\\r");
  });

  it("marks escapes apart from text that only looks like one", () => {
    expect(visiblePieces("\\u202e\u202e")).toEqual([
      { text: "\\u202e", escape: false },
      { text: "\\u202e", escape: true },
    ]);
  });

  it("leaves no control or bidi character for any code unit", () => {
    const misleading: number[] = [];
    for (let unit = 0; unit <= 0xffff; unit += 1) {
      const shown = visible(String.fromCharCode(unit));
      if (shown === "" || /[\p{Cc}\p{Bidi_Control}\p{Cs}]/u.test(shown)) misleading.push(unit);
    }
    expect(misleading).toEqual([]);
  });
});

describe("LogText", () => {
  it("renders markup of a log as text", () => {
    const html = renderToStaticMarkup(<LogText value={`<img src=x onerror="alert(1)">`} />);
    expect(html).not.toContain("<img");
    expect(html).toContain("&lt;img");
  });

  it("makes no link of an address", () => {
    expect(renderToStaticMarkup(<LogText value="https://evil.example/ javascript:alert(1)" />)).not.toContain("<a");
  });

  it("shows anything that is no text as JSON", () => {
    expect(renderToStaticMarkup(<LogText value={{ a: 1 }} />)).toContain("{&quot;a&quot;:1}");
    expect(renderToStaticMarkup(<LogText value={null} />)).not.toContain("null");
  });
});
