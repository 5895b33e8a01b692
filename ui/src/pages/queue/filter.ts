import type { IncidentListItem } from "../../api/types";

export interface QueueFilter {
  severity: string;
  environment: string;
  /** `me` and `nobody` besides everybody (""). */
  owner: "" | "me" | "nobody";
  unacknowledged: boolean;
}

export const NO_FILTER: QueueFilter = { severity: "", environment: "", owner: "", unacknowledged: false };

export const filtering = (filter: QueueFilter): boolean =>
  filter.severity !== "" || filter.environment !== "" || filter.owner !== "" || filter.unacknowledged;

export function filterIncidents(items: readonly IncidentListItem[], filter: QueueFilter, me: string): IncidentListItem[] {
  return items.filter(
    (item) =>
      (!filter.severity || item.severity === filter.severity) &&
      (!filter.environment || item.environments.includes(filter.environment)) &&
      (filter.owner !== "me" || item.owner === me) &&
      (filter.owner !== "nobody" || item.owner === null) &&
      (!filter.unacknowledged || !item.acknowledged),
  );
}

/** The pages of the list as one, each incident once: while pages load, an incident may move from one to the next. */
export function uniqueIncidents(pages: readonly { items: readonly IncidentListItem[] }[]): IncidentListItem[] {
  const seen = new Set<number>();
  const items: IncidentListItem[] = [];
  for (const page of pages) {
    for (const item of page.items) {
      if (seen.has(item.number)) continue;
      seen.add(item.number);
      items.push(item);
    }
  }
  return items;
}
