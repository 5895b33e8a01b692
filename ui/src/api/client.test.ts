import { describe, expect, it } from "vitest";
import { fillAddress } from "./client";

describe("fillAddress", () => {
  it("fills the braces, and lets no value change the path", () => {
    expect(fillAddress("/api/v1/incidents/{number}/{action}", { number: 7, action: "close" })).toBe("/api/v1/incidents/7/close");
    expect(fillAddress("/api/v1/alerts/{id}/open", { id: "../users?x#y" })).toBe("/api/v1/alerts/..%2Fusers%3Fx%23y/open");
  });
  it("appends what is defined of the query", () => {
    expect(fillAddress("/a", {}, { limit: 10, search: "a&b=c", owner: undefined, status: null })).toBe("/a?limit=10&search=a%26b%3Dc");
    expect(fillAddress("/a", {}, { owner: undefined })).toBe("/a");
  });
});
