import { useEffect, useRef } from "react";

/** Keys that a grid with the focus (`data-own-keys`) moves its own selection with. */
const GRID_KEYS = /^(Arrow|Page|Home$|End$|Enter$|Escape$| $)/;

/** True where a key belongs to the text being typed, to a focused grid or button, or to an open dialog. */
function taken(target: EventTarget | null, key: string): boolean {
  if (document.querySelector("dialog[open]")) return true;
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("input, textarea, select, .monaco-editor") !== null) return true;
  if (GRID_KEYS.test(key) && target.closest("[data-own-keys]") !== null) return true;
  return (key === "Enter" || key === " ") && target.closest("button, a, summary") !== null;
}

/** How long after `g` the second key of the sequence still counts. */
const SEQUENCE_MS = 1200;
let sequenceStarted = -SEQUENCE_MS;

/** Starts a two-key sequence: the next key goes to the sequence's owner alone. */
export function beginSequence(): void {
  sequenceStarted = performance.now();
}

const inSequence = (): boolean => performance.now() - sequenceStarted < SEQUENCE_MS;

export interface HotkeyPress {
  key: string;
  /** True for the second key of a sequence. */
  sequence: boolean;
}

/**
 * Calls the handler for plain key presses outside text fields. The handler answers true when the key was its own. Only
 * the owner of sequences hears their second key.
 */
export function useHotkeys(handler: (press: HotkeyPress) => boolean, ownsSequences = false): void {
  const current = useRef(handler);
  useEffect(() => {
    current.current = handler;
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || taken(event.target, event.key)) return;
      if (event.key === "Shift") return;
      const sequence = inSequence();
      if (sequence && !ownsSequences) return;
      if (sequence) sequenceStarted = -SEQUENCE_MS;
      if (current.current({ key: event.key, sequence })) event.preventDefault();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [ownsSequences]);
}
