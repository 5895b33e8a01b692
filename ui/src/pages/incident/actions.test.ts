import { describe, expect, it } from "vitest";
import type { IncidentStatus } from "../../api/types";
import { actionsFor, recoverTarget } from "./actions";

const names = (status: IncidentStatus, acknowledged = true) => actionsFor({ status, acknowledged }).map((action) => action.name);
const next = (status: IncidentStatus, acknowledged = true) => actionsFor({ status, acknowledged }).filter((action) => action.primary).map((action) => action.name);

describe("actionsFor", () => {
  it("offers the next step of the work, and only one", () => {
    expect(next("New", false)).toEqual(["acknowledge"]);
    expect(next("Active")).toEqual(["contain"]);
    expect(next("Contained")).toEqual(["remediate"]);
    expect(next("Remediated")).toEqual(["recover"]);
    expect(next("Recovering")).toEqual(["recover"]);
    expect(next("Recovered")).toEqual(["close"]);
    expect(next("Closed")).toEqual(["reopen"]);
  });
  it("keeps the steps that may be skipped", () => {
    expect(names("Active")).toContain("remediate");
    expect(names("New", false)).toContain("close");
    expect(names("Closed")).not.toContain("contain");
  });
  it("gives every action of a state its own key", () => {
    for (const status of ["New", "Active", "Contained", "Remediated", "Recovering", "Recovered", "Closed"] as const) {
      const keys = actionsFor({ status, acknowledged: false }).map((action) => action.key);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });
  it("recovers in two steps", () => {
    expect([recoverTarget("Remediated"), recoverTarget("Recovering")]).toEqual(["Recovering", "Recovered"]);
  });
});
