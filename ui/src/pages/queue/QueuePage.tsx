import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { Link, useNavigate } from "react-router-dom";
import { useServerNow } from "../../api/serverClock";
import { useAcknowledge, useIncidentList, useSession } from "../../api/queries";
import type { QueueScope } from "../../api/types";
import { useHotkeys } from "../../components/hotkeys";
import { EmptyState, ErrorState, Loading } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { useTitle } from "../../components/useTitle";
import { filterIncidents, filtering, NO_FILTER, uniqueIncidents } from "./filter";
import { queueKey } from "./keys";
import { QueueFilters } from "./QueueFilters";
import { QueueRow } from "./QueueRow";
import { useRemembered } from "./useRemembered";

const ROW_PX = 58;
const SEARCH_DELAY_MS = 250;
/** How often ages move between two answers of the server. */
const AGE_STEP_MS = 30_000;

/** Waits until typing pauses. */
function usePaused(value: string): string {
  const [paused, setPaused] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(value), SEARCH_DELAY_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return paused;
}

export function QueuePage() {
  useTitle("Queue");
  const navigate = useNavigate();
  const toasts = useToasts();
  const { data: session } = useSession();
  // All of it is still there when the analyst comes back from an incident.
  const [scope, setScope] = useRemembered<QueueScope>("scope", "open");
  const [search, setSearch] = useRemembered("search", "");
  const [filter, setFilter] = useRemembered("filter", NO_FILTER);
  // The selection follows the incident, not the row: the list moves under the analyst.
  const [selected, setSelected] = useRemembered<number | null>("selected", null);
  const searchField = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);

  const list = useIncidentList(scope, usePaused(search.trim()));
  const all = useMemo(() => uniqueIncidents(list.data?.pages ?? []), [list.data]);
  const me = session?.user.name ?? "";
  const shown = useDeferredValue(useMemo(() => filterIncidents(all, filter, me), [all, filter, me]));
  const mayAct = session?.user.role !== "reader";
  const found = shown.findIndex((item) => item.number === selected);
  const index = found < 0 && shown.length > 0 ? 0 : found;

  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });

  const open = useCallback(
    (number: number) => {
      setSelected(number);
      void navigate(`/incidents/${number}`);
    },
    [navigate, setSelected],
  );
  const select = useCallback((row: number) => setSelected(shown[row]?.number ?? null), [shown, setSelected]);
  const stale = Math.max(0, useServerNow(true, AGE_STEP_MS).getTime() - list.dataUpdatedAt);
  const aged = Math.floor(stale / AGE_STEP_MS) * (AGE_STEP_MS / 1000);

  // Back from an incident, its row is where the eye looks for it.
  const first = useRef(true);
  useEffect(() => {
    if (!first.current || shown.length === 0) return;
    first.current = false;
    if (index > 0) rows.scrollToIndex(index, { align: "center" });
  }, [index, rows, shown.length]);
  const { mutate: sendAcknowledge } = useAcknowledge();
  const acknowledge = useCallback(
    (number: number) =>
      sendAcknowledge(number, {
        onSuccess: () => toasts.done(`Incident #${number} acknowledged`),
        onError: (error) => toasts.failed(`Acknowledge #${number}`, error),
      }),
    [sendAcknowledge, toasts],
  );

  useHotkeys(({ key }) => {
    const result = queueKey(index, shown.length, key);
    if (!result) return false;
    const item = shown[result.index];
    if (item && result.index !== index) {
      setSelected(item.number);
      rows.scrollToIndex(result.index);
    }
    if (result.command === "search") searchField.current?.focus();
    if (result.command === "clear") {
      setFilter(NO_FILTER);
      setSearch("");
    }
    if (result.command === "open" && item) open(item.number);
    if (result.command === "acknowledge" && item) {
      if (!mayAct) toasts.failed("Acknowledge", new Error("your role may only read"));
      else if (!item.acknowledged) acknowledge(item.number);
    }
    return true;
  });

  const total = list.data?.pages[0]?.total ?? 0;
  const counts = list.hasNextPage
    ? `${all.length.toLocaleString("en")} of ${total.toLocaleString("en")} loaded`
    : filtering(filter)
      ? `${shown.length.toLocaleString("en")} of ${all.length.toLocaleString("en")} incidents`
      : `${all.length.toLocaleString("en")} ${all.length === 1 ? "incident" : "incidents"}`;

  return (
    <section className="queue">
      <QueueFilters
        scope={scope}
        onScope={setScope}
        search={search}
        onSearch={setSearch}
        searchField={searchField}
        filter={filter}
        onFilter={setFilter}
        counts={list.isPending ? "" : counts}
      />
      {list.isPending ? (
        <Loading what="the queue" />
      ) : list.isError && all.length === 0 ? (
        <ErrorState error={list.error} what="the queue" onRetry={() => void list.refetch()} />
      ) : shown.length === 0 ? (
        <NoIncidents scope={scope} narrowed={filtering(filter) || search !== ""} onAll={() => setScope("all")} />
      ) : (
        <div
          ref={scroller}
          className="queue-scroll"
          role="grid"
          aria-label="Incidents by priority"
          aria-rowcount={shown.length + 1}
          aria-activedescendant={index >= 0 ? `incident-${shown[index]?.number}` : undefined}
          tabIndex={0}
        >
          <div className="queue-head" role="row">
            {["Priority", "Severity, status", "Incident", "Where, tactics", "Owner", "Age", ""].map((title, column) => (
              <div key={title || column} role="columnheader">
                {title}
              </div>
            ))}
          </div>
          <div role="rowgroup" style={{ height: rows.getTotalSize(), position: "relative" }}>
            {rows.getVirtualItems().map((row) => {
              const item = shown[row.index];
              return item ? (
                <QueueRow
                  key={item.number}
                  item={item}
                  index={row.index}
                  top={row.start}
                  selected={row.index === index}
                  aged={aged}
                  mayAct={mayAct}
                  onSelect={select}
                  onOpen={open}
                  onAcknowledge={acknowledge}
                />
              ) : null;
            })}
          </div>
        </div>
      )}
      <footer className="hints">
        <span>
          <kbd>j</kbd> <kbd>k</kbd> move
        </span>
        <span>
          <kbd>Enter</kbd> open
        </span>
        {mayAct ? (
          <span>
            <kbd>a</kbd> acknowledge
          </span>
        ) : null}
        <span>
          <kbd>/</kbd> search
        </span>
        <span>
          <kbd>?</kbd> all shortcuts
        </span>
      </footer>
    </section>
  );
}

function NoIncidents({ scope, narrowed, onAll }: { scope: QueueScope; narrowed: boolean; onAll: () => void }) {
  if (narrowed) return <EmptyState title="No incident matches">Change or clear the filters above, or look under All.</EmptyState>;
  if (scope === "open") {
    return (
      <EmptyState title="The queue is empty">
        Nothing waits for you. Check that <Link to="/sources">sources</Link> deliver and <Link to="/rules">rules</Link> are ready, hunt in
        the <Link to="/console">KQL console</Link>, or{" "}
        <button type="button" className="button-link" onClick={onAll}>
          show closed incidents too
        </button>
        .
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No incidents yet">
      Bring in data with <code>watchfloor ingest PATH</code>, or see which <Link to="/sources">sources</Link> are connected.
    </EmptyState>
  );
}
