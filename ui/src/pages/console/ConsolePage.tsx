import { useRef, useState } from "react";
import { useLocation } from "react-router-dom";
import { ApiError } from "../../api/client";
import { useSchema } from "../../api/queries";
import { useToasts } from "../../components/toasts";
import { Time } from "../../components/Time";
import { useTitle } from "../../components/useTitle";
import { formatInstant } from "../../text/time";
import { usePreferences } from "../../theme/preferences";
import { Editor, type EditorHandle } from "./Editor";
import { ResultPane } from "./ResultPane";
import { SchemaPanel } from "./SchemaPanel";
import { consoleStart } from "./start";
import { rangeProblem, timespanOf, type TimeRange } from "./timeRange";
import { TimeRangePicker } from "./TimeRangePicker";
import { useCheck, useRun, type Checked } from "./useConsole";

const DRAFT = "wf.console.draft";
const FIRST_QUERY = `// Alerts of the last days by product and severity
SecurityAlert
| summarize Alerts = count(), Last = max(TimeGenerated) by ProductName, AlertSeverity
| order by Alerts desc
`;
const MAX_ROWS = [1_000, 10_000, 100_000] as const;

const range = (from: string | null, to: string | null): TimeRange =>
  from && to ? { kind: "between", from, to } : { kind: "last", span: "24h" };

export default function ConsolePage() {
  useTitle("KQL console");
  const location = useLocation();
  const start = consoleStart(location.state);
  return <Console key={location.key} start={start} />;
}

function Console({ start }: { start: ReturnType<typeof consoleStart> }) {
  const toasts = useToasts();
  const { zone } = usePreferences();
  const schema = useSchema();
  const editor = useRef<EditorHandle>(null);
  const runButton = useRef<HTMLButtonElement>(null);
  const [text, keepText] = useState(() => start?.query ?? sessionStorage.getItem(DRAFT) ?? FIRST_QUERY);
  const [time, setTime] = useState<TimeRange>(() => range(start?.from ?? null, start?.to ?? null));
  const [asOf, setAsOf] = useState(start?.asOf ?? null);
  const [maxRows, setMaxRows] = useState<number>(MAX_ROWS[1]);
  const { run, start: startRun, cancel } = useRun();
  const checked = useCheck(text);

  const setText = (next: string) => {
    keepText(next);
    sessionStorage.setItem(DRAFT, next);
  };
  const runNow = () => {
    const problem = rangeProblem(time);
    if (problem) {
      toasts.failed("Run", new Error(problem));
      return;
    }
    const query = editor.current?.textToRun().text ?? text;
    if (query.trim()) startRun(query, timespanOf(time), maxRows, asOf);
  };
  // A failed run's diagnostics are newer than the check's when they speak of the same text.
  const fromRun: Checked | null =
    run.state === "failed" && run.text === text && run.error instanceof ApiError && run.error.diagnostics.length > 0
      ? { text, diagnostics: run.error.diagnostics }
      : null;
  const errors = checked?.diagnostics.filter((one) => one.severity === "error").length ?? 0;
  const statistics = run.state === "done" ? run.result?.statistics : undefined;

  return (
    <section className="console">
      <div className="toolbar">
        <h1>KQL console</h1>
        {run.state === "running" ? (
          <button type="button" className="button" onClick={cancel}>
            Cancel
          </button>
        ) : (
          <button type="button" className="button button-primary" onClick={runNow} ref={runButton} data-testid="run">
            Run <kbd>Ctrl Enter</kbd>
          </button>
        )}
        <button type="button" className="button" onClick={() => editor.current?.format()} title="Lay the query out (Shift Alt F)" data-testid="format">
          Format
        </button>
        <TimeRangePicker range={time} onChange={setTime} />
        <label className="inline small">
          at most
          <select value={maxRows} onChange={(event) => setMaxRows(Number(event.target.value))}>
            {MAX_ROWS.map((rows) => (
              <option key={rows} value={rows}>
                {rows.toLocaleString("en")} rows
              </option>
            ))}
          </select>
        </label>
        <span className="spacer" />
        <span className="small muted" role="status">
          {run.state === "running" ? "Running…" : null}
          {statistics
            ? `${statistics.rows.toLocaleString("en")} ${statistics.rows === 1 ? "row" : "rows"} in ${Math.round(statistics.elapsed_ms).toLocaleString("en")} ms`
            : null}
          {statistics?.truncated ? <strong className="warning"> · cut off at the limit</strong> : null}
        </span>
      </div>
      <div className="console-body">
        <SchemaPanel schema={schema.data} failed={schema.isError} onInsert={(name) => editor.current?.insert(name)} />
        <div className="console-main">
          <Editor ref={editor} value={text} onChange={setText} onRun={runNow} onLeave={() => runButton.current?.focus()} checked={fromRun ?? checked} />
          <div className="console-check small">
            {checked === null ? null : errors > 0 ? (
              <span className="error-text">
                {errors} {errors === 1 ? "error" : "errors"}
              </span>
            ) : (
              <span className="muted">No errors</span>
            )}
            <span className="spacer" />
            {asOf ? (
              <span className="muted as-of">
                <code>now()</code> is <Time at={asOf} />, when the rule ran.{" "}
                <button type="button" className="button-link" onClick={() => setAsOf(null)}>
                  Use the present
                </button>
              </span>
            ) : null}
            <span className="muted">
              {time.kind === "between"
                ? `${formatInstant(time.from, zone)} to ${formatInstant(time.to, zone)}`
                : `Times in results are ${zone === "utc" ? "UTC" : "local"}; times in queries are UTC`}
            </span>
          </div>
          <div className={`results${run.state === "running" && run.result ? " results-stale" : ""}`}>
            <ResultPane run={run} onRetry={runNow} onGoTo={(line, column) => editor.current?.goTo(line, column)} />
          </div>
        </div>
      </div>
    </section>
  );
}
