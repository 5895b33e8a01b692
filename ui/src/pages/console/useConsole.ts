import { useEffect, useRef, useState } from "react";
import { ApiError, post } from "../../api/client";
import type { Diagnostic, QueryResult } from "../../api/types";

export interface Run {
  state: "idle" | "running" | "done" | "failed";
  result: QueryResult | null;
  error: unknown;
  /** The text that ran. */
  text: string;
}

const IDLE: Run = { state: "idle", result: null, error: null, text: "" };

/** Runs queries one at a time; a new one takes the place of the one before. */
export function useRun() {
  const [run, setRun] = useState<Run>(IDLE);
  const current = useRef<AbortController | null>(null);
  useEffect(() => () => current.current?.abort(), []);

  const start = (text: string, timespan: string | undefined, maxRows: number, asOf: string | null) => {
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    setRun((before) => ({ ...before, state: "running", error: null, text }));
    const body = { query: text, max_rows: maxRows, ...(timespan ? { timespan } : {}), ...(asOf ? { as_of: asOf } : {}) };
    post("/api/v1/query", { body, signal: controller.signal }).then(
      (result) => setRun({ state: "done", result, error: null, text }),
      (error: unknown) => {
        if (controller.signal.aborted) {
          if (current.current === controller) setRun((before) => ({ ...before, state: before.result ? "done" : "idle" }));
        } else setRun({ state: "failed", result: null, error, text });
      },
    );
  };
  const cancel = () => current.current?.abort();
  return { run, start, cancel };
}

const CHECK_DELAY_MS = 350;

export interface Checked {
  text: string;
  diagnostics: readonly Diagnostic[];
}

/** What the server thinks of the text, asked when typing pauses. */
export function useCheck(text: string): Checked | null {
  const [checked, setChecked] = useState<Checked | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      if (!text.trim()) {
        setChecked({ text, diagnostics: [] });
        return;
      }
      post("/api/v1/query/check", { body: { query: text }, signal: controller.signal }).then(
        (answer) => setChecked({ text, diagnostics: answer.diagnostics }),
        (error: unknown) => {
          if (error instanceof ApiError && error.diagnostics.length > 0) setChecked({ text, diagnostics: error.diagnostics });
        },
      );
    }, CHECK_DELAY_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text]);
  return checked;
}
