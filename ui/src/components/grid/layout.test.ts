import { describe, expect, it } from "vitest";
import { cellText, compareCells, filledColumns, moveCell } from "./layout";

describe("cellText", () => {
  it("keeps the fraction of a second and names the zone", () => {
    expect(cellText("2026-11-24T04:37:51.1234500Z", "datetime", "utc")).toBe("2026-11-24 04:37:51.12345 UTC");
    expect(cellText("2026-11-24T04:37:51Z", "datetime", "utc")).toBe("2026-11-24 04:37:51 UTC");
  });
  it("shows other values as they came", () => {
    expect(cellText(false, "bool", "utc")).toBe("false");
    expect(cellText(null, "long", "utc")).toBe("");
    expect(cellText("2026", "string", "utc")).toBe("2026");
  });
});

describe("moveCell", () => {
  it("stays inside the grid", () => {
    expect(moveCell({ row: 0, column: 0 }, "ArrowUp", 3, 3)).toEqual({ row: 0, column: 0 });
    expect(moveCell({ row: 1, column: 1 }, "End", 3, 3)).toEqual({ row: 1, column: 2 });
    expect(moveCell({ row: 1, column: 1 }, "PageDown", 3, 3)).toEqual({ row: 2, column: 1 });
    expect(moveCell({ row: 1, column: 1 }, "x", 3, 3)).toBeNull();
  });
});

it("filledColumns drops columns without a value, but not those that hold 0 or false", () => {
  const columns = ["a", "b", "c", "d"].map((name) => ({ name, type: "string" }));
  expect(filledColumns(columns, [["", 0, null, false], ["", 0, null, false]])).toEqual([1, 3]);
  expect(filledColumns(columns, [])).toEqual([0, 1, 2, 3]);
});

it("compareCells puts nulls last and numbers in their order", () => {
  expect([10, null, 9].sort(compareCells)).toEqual([9, 10, null]);
  expect(["b", "a"].sort(compareCells)).toEqual(["a", "b"]);
});
