import { describe, expect, it } from "vitest";
import { csvField, neutralise, toCsv } from "./csv";

describe("neutralise", () => {
  it.each(["=1+1", "+1", "-cmd", "@SUM(A1)", "\tx", "\rx", " =1", "\u00a0=1", "\n=1", "＝1"])("puts an apostrophe before %j", (text) =>
    expect(neutralise(text)).toBe(`'${text}`),
  );
  it.each(["a=1", "", "1-2", "user@host", "'=1"])("leaves %j alone", (text) => expect(neutralise(text)).toBe(text));
});

describe("csvField", () => {
  it.each([
    [null, ""],
    [undefined, ""],
    [-5, "-5"],
    [1e21, "1e+21"],
    [true, "true"],
    ["-5", "'-5"],
    ['say "x"', '"say ""x"""'],
    ["a,b", '"a,b"'],
    ["a\nb", '"a\nb"'],
    ["=a,b", '"\'=a,b"'],
    ["\tx", '"\'\tx"'],
    [" x ", '" x "'],
  ])("%j is %j", (value, expected) => expect(csvField(value)).toBe(expected));
});

describe("toCsv", () => {
  it("neutralises headers as well, and fills short rows", () => {
    const columns = [
      { name: "=evil", type: "string" },
      { name: "n", type: "int" },
    ];
    expect(toCsv(columns, [["a", 1], ["b"]])).toBe("'=evil,n\r\na,1\r\nb,\r\n");
  });
});
