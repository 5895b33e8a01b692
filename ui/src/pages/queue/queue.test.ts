import { describe, expect, it } from "vitest";
import type { IncidentListItem } from "../../api/types";
import { filterIncidents, NO_FILTER, uniqueIncidents } from "./filter";
import { queueKey } from "./keys";

describe("queueKey", () => {
  it.each([
    [0, 5, "j", 1, null],
    [4, 5, "j", 4, null],
    [0, 5, "k", 0, null],
    [3, 5, "ArrowUp", 2, null],
    [3, 5, "Home", 0, null],
    [0, 5, "End", 4, null],
    [0, 100_000, "PageDown", 10, null],
    [2, 5, "Enter", 2, "open"],
    [2, 5, "o", 2, "open"],
    [2, 5, "a", 2, "acknowledge"],
    [-1, 0, "j", -1, null],
    [-1, 5, "j", 0, null],
    [1, 5, "/", 1, "search"],
    [1, 5, "Escape", 1, "clear"],
  ] as const)("row %i of %i, key %s: row %i, %s", (index, count, key, row, command) =>
    expect(queueKey(index, count, key)).toEqual({ index: row, command }),
  );
  it.each(["a", "Enter", "o"])("%s does nothing in an empty queue", (key) => expect(queueKey(-1, 0, key)).toBeNull());
  it.each(["x", "?", "g", "Tab"])("leaves %s to others", (key) => expect(queueKey(1, 5, key)).toBeNull());
});

const item = (number: number, part: Partial<IncidentListItem> = {}): IncidentListItem => ({
  number,
  title: "t",
  status: "New",
  severity: "High",
  priority: 50,
  owner: null,
  created_at: "2026-11-24T04:00:00Z",
  first_activity_at: "2026-11-24T03:00:00Z",
  last_activity_at: "2026-11-24T04:00:00Z",
  alerts: 1,
  environments: ["azure"],
  tactics: [],
  entities: [],
  acknowledged: false,
  acknowledged_at: null,
  age_seconds: 1,
  classification: null,
  labels: [],
  backfill: false,
  merged_into: null,
  version: 1,
  ...part,
});

describe("the queue's filters", () => {
  const all = [item(1), item(2, { owner: "noor", acknowledged: true }), item(3, { severity: "Low", environments: ["aws", "azure"] })];
  const numbers = (filter: Partial<typeof NO_FILTER>) => filterIncidents(all, { ...NO_FILTER, ...filter }, "noor").map((one) => one.number);
  it("narrow by severity, environment, owner and acknowledgement", () => {
    expect(numbers({})).toEqual([1, 2, 3]);
    expect(numbers({ severity: "Low" })).toEqual([3]);
    expect(numbers({ environment: "aws" })).toEqual([3]);
    expect(numbers({ owner: "me" })).toEqual([2]);
    expect(numbers({ owner: "nobody" })).toEqual([1, 3]);
    expect(numbers({ unacknowledged: true })).toEqual([1, 3]);
  });
  it("show an incident that moved between two pages once", () => {
    expect(uniqueIncidents([{ items: [item(1), item(2)] }, { items: [item(2), item(3)] }]).map((one) => one.number)).toEqual([1, 2, 3]);
  });
});
