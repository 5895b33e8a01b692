/** Every keyboard shortcut, by page: the help dialog and the settings page read this list. */
export interface ShortcutGroup {
  title: string;
  keys: readonly (readonly [string, string])[];
}

export const SHORTCUTS: readonly ShortcutGroup[] = [
  {
    title: "Everywhere",
    keys: [
      ["?", "This list"],
      ["g q", "Go to the queue"],
      ["g k", "Go to the KQL console"],
      ["g r", "Go to rules"],
      ["g s", "Go to sources"],
      ["g m", "Go to metrics"],
      ["g p", "Go to settings"],
      ["z", "Switch between UTC and local time"],
    ],
  },
  {
    title: "Queue",
    keys: [
      ["j / ↓", "Next incident"],
      ["k / ↑", "Previous incident"],
      ["Home / End", "First, last incident"],
      ["Enter / o", "Open it"],
      ["a", "Acknowledge it and take it"],
      ["/", "Search"],
    ],
  },
  {
    title: "Incident",
    keys: [
      ["a", "Acknowledge"],
      ["o", "Assign an owner"],
      ["n", "Mark contained"],
      ["r", "Mark remediated"],
      ["v", "Mark recovering, then recovered"],
      ["x", "Close, or reopen"],
      ["m", "Merge into another"],
      ["c", "Comment"],
      ["1 – 4", "Alerts, evidence, scope, activity"],
      ["u", "Back to the queue"],
    ],
  },
  {
    title: "KQL console",
    keys: [
      ["Ctrl Enter / Shift Enter", "Run (the selection, when there is one)"],
      ["Ctrl Space", "Suggestions; Tab takes one"],
      ["Esc", "Leave the editor, where Tab indents"],
      ["Ctrl C", "Copy the selected cell"],
      ["Ctrl Shift C", "Copy the selected row as JSON"],
      ["Enter", "Show the whole row"],
    ],
  },
];

const GO: Record<string, string> = { q: "/", k: "/console", r: "/rules", s: "/sources", m: "/figures", p: "/settings" };

/** The page of the second key of a `g` sequence. */
export function goTarget(key: string): string | null {
  return GO[key] ?? null;
}
