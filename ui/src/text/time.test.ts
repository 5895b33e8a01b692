import { describe, expect, it } from "vitest";
import { formatClock, formatDuration, formatInstant, fromInputValue, localZoneName, toInputValue } from "./time";

describe("formatInstant", () => {
  it.each([
    ["2026-11-24T04:37:51Z", "2026-11-24 04:37:51 UTC"],
    ["2026-11-24T04:37:51.123+02:00", "2026-11-24 02:37:51 UTC"],
    ["1601-01-01T00:00:00Z", "1601-01-01 00:00:00 UTC"],
    ["9999-12-31T23:59:59Z", "9999-12-31 23:59:59 UTC"],
    ["no time", "no time"],
    ["", "–"],
    [null, "–"],
  ])("%j in UTC is %j", (instant, expected) => expect(formatInstant(instant, "utc")).toBe(expected));

  it("names the zone of local times", () => {
    const at = new Date("2026-07-01T12:00:00Z");
    expect(formatInstant(at, "local")).toMatch(/^2026-07-0\d \d{2}:\d{2}:\d{2} UTC[+-]\d/);
    expect(formatInstant(at, "local").endsWith(localZoneName(at))).toBe(true);
    expect(formatClock(at, "utc")).toBe("12:00:00 UTC");
  });

  it("writes offsets with their minutes only where there are some", () => {
    const offset = (minutes: number) => localZoneName({ getTimezoneOffset: () => -minutes } as Date);
    expect([offset(120), offset(-210), offset(0), offset(345)]).toEqual(["UTC+2", "UTC-3:30", "UTC+0", "UTC+5:45"]);
  });
});

describe("formatDuration", () => {
  it.each([
    [null, "–"],
    [Number.NaN, "–"],
    [0, "0 s"],
    [0.2, "< 1 s"],
    [59.4, "59 s"],
    [59.6, "1 m 00 s"],
    [725, "12 m 05 s"],
    [3600, "1 h 00 m"],
    [86_399, "23 h 59 m"],
    [187_200, "2 d 4 h"],
    [-90, "-1 m 30 s"],
  ])("%j s is %j", (seconds, expected) => expect(formatDuration(seconds)).toBe(expected));
});

describe("the values of time fields", () => {
  it("come back as the same instant in either zone", () => {
    const instant = "2026-11-24T04:37:51.000Z";
    expect(toInputValue(instant, "utc")).toBe("2026-11-24 04:37:51");
    for (const zone of ["utc", "local"] as const) expect(fromInputValue(toInputValue(instant, zone), zone)).toBe(instant);
    expect(fromInputValue("2026-11-24 04:37", "utc")).toBe("2026-11-24T04:37:00.000Z");
    expect(fromInputValue("2026-11-24", "utc")).toBe("2026-11-24T00:00:00.000Z");
    for (const text of ["", "yesterday", "2026-13-01", "24.11.2026"]) expect(fromInputValue(text, "utc")).toBeNull();
    expect(toInputValue("no time", "utc")).toBe("");
  });
});
