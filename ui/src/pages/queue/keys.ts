/** What a key does in the queue, free of React so that it can be tested as a table. */

export type QueueCommand = "open" | "acknowledge" | "search" | "clear";

export interface QueueKeyResult {
  /** The selected row; -1 when the queue is empty. */
  index: number;
  command: QueueCommand | null;
}

const PAGE_ROWS = 10;

/** The effect of `key` with `index` of `count` rows selected (-1: none yet); null when the key is not the queue's. */
export function queueKey(index: number, count: number, key: string): QueueKeyResult | null {
  if (key === "/") return { index, command: "search" };
  if (key === "Escape") return { index, command: "clear" };
  const to = (target: number): QueueKeyResult => ({
    index: count === 0 ? -1 : Math.max(0, Math.min(count - 1, target)),
    command: null,
  });
  switch (key) {
    case "j":
    case "ArrowDown":
      return to(index + 1);
    case "k":
    case "ArrowUp":
      return to(index - 1);
    case "PageDown":
      return to(index + PAGE_ROWS);
    case "PageUp":
      return to(index - PAGE_ROWS);
    case "Home":
      return to(0);
    case "G":
    case "End":
      return to(count - 1);
    case "Enter":
    case "o":
      return index >= 0 && index < count ? { index, command: "open" } : null;
    case "a":
      return index >= 0 && index < count ? { index, command: "acknowledge" } : null;
    default:
      return null;
  }
}
