import { describe, expect, it } from "vitest";
import { parametersOf } from "./signature";

describe("parametersOf", () => {
  it.each([
    ["f()", []],
    ["now(offset: timespan?) -> datetime", ["offset: timespan?"]],
    ["f(a: in=x|y string, b: (T: (long, int))?, c: dynamic[]) -> long", ["a: in=x|y string", " b: (T: (long, int))?", " c: dynamic[]"]],
    ["f(a, b", ["a"]],
    ["no call", []],
  ])("%j", (signature, expected) => {
    expect(parametersOf(signature).map(([start, end]) => signature.slice(start, end))).toEqual(expected);
  });
});
