import { describe, expect, it } from "vitest";
import type { Metric } from "../api/types";
import { CLOCK, metricFigure, metricSeconds } from "./clock";

const now = new Date("2026-11-24T05:00:00Z");
const metric = (part: Partial<Metric>): Metric => ({ seconds: null, from: null, to: null, state: "missing", note: null, ...part });

describe("metricFigure", () => {
  it("shows a finished metric as recorded", () => {
    expect(metricFigure("tta", metric({ state: "done", seconds: 300, from: "2026-11-24T04:00:00Z" }), now)).toBe("5 m 00 s");
  });
  it("counts a running one up to now", () => {
    expect(metricFigure("ttr", metric({ state: "running", from: "2026-11-24T04:00:00Z" }), now)).toBe("1 h 00 m");
  });
  it("never shows a time for a mark that is missing", () => {
    expect(metricFigure("ttr", metric({ state: "missing", seconds: 12 }), now)).toBe("not remediated");
    expect(metricFigure("ttc", metric({ state: "missing" }), now)).toBe("not contained");
  });
  it("says where a metric does not apply", () => {
    expect(metricFigure("ttr", metric({ state: "not_applicable" }), now)).toBe("n/a");
  });
});

describe("metricSeconds", () => {
  it("is never negative when this computer's clock is behind the server's", () => {
    expect(metricSeconds(metric({ state: "running", from: "2026-11-24T05:00:09Z" }), now)).toBe(0);
  });
});

it("lists every metric of the clock once", () => {
  expect(CLOCK.map(({ key }) => key)).toEqual(["tta", "ttc", "ttr", "time_to_recover", "time_to_detect", "dwell"]);
});
