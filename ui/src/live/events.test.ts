import { expect, it } from "vitest";
import { reconnectDelay } from "./events";

it("waits longer after each failed attempt, half a minute at most", () => {
  expect([0, 1, 2, 5, 50].map(reconnectDelay)).toEqual([1000, 2000, 4000, 30_000, 30_000]);
});
