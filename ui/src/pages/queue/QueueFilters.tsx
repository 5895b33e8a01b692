import type { RefObject } from "react";
import type { QueueScope } from "../../api/types";
import { filtering, NO_FILTER, type QueueFilter } from "./filter";

interface Props {
  scope: QueueScope;
  onScope: (scope: QueueScope) => void;
  search: string;
  onSearch: (search: string) => void;
  searchField: RefObject<HTMLInputElement | null>;
  filter: QueueFilter;
  onFilter: (filter: QueueFilter) => void;
  counts: string;
}

const SCOPES: readonly [QueueScope, string][] = [
  ["open", "Open"],
  ["closed", "Closed"],
  ["all", "All"],
];

export function QueueFilters({ scope, onScope, search, onSearch, searchField, filter, onFilter, counts }: Props) {
  return (
    <div className="toolbar">
      <h1>Queue</h1>
      <div className="segments" role="group" aria-label="Which incidents">
        {SCOPES.map(([value, label]) => (
          <button key={value} type="button" aria-pressed={scope === value} onClick={() => onScope(value)}>
            {label}
          </button>
        ))}
      </div>
      <div className="search">
        <input
          ref={searchField}
          type="search"
          aria-label="Search incidents"
          placeholder="Search title, entity, number"
          value={search}
          onChange={(event) => onSearch(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
          }}
        />
        <kbd>/</kbd>
      </div>
      <select aria-label="Severity" value={filter.severity} onChange={(event) => onFilter({ ...filter, severity: event.target.value })}>
        <option value="">Any severity</option>
        <option>High</option>
        <option>Medium</option>
        <option>Low</option>
        <option>Informational</option>
      </select>
      <select aria-label="Environment" value={filter.environment} onChange={(event) => onFilter({ ...filter, environment: event.target.value })}>
        <option value="">Any environment</option>
        <option value="on-premises">On-premises</option>
        <option value="azure">Azure</option>
        <option value="m365">Microsoft 365</option>
        <option value="aws">AWS</option>
      </select>
      <select
        aria-label="Owner"
        value={filter.owner}
        onChange={(event) => onFilter({ ...filter, owner: event.target.value as QueueFilter["owner"] })}
      >
        <option value="">Any owner</option>
        <option value="me">Mine</option>
        <option value="nobody">Nobody's</option>
      </select>
      <label className="check">
        <input
          type="checkbox"
          checked={filter.unacknowledged}
          onChange={(event) => onFilter({ ...filter, unacknowledged: event.target.checked })}
        />
        Unacknowledged
      </label>
      {filtering(filter) || search ? (
        <button
          type="button"
          className="button-quiet"
          onClick={() => {
            onFilter(NO_FILTER);
            onSearch("");
          }}
        >
          Clear
        </button>
      ) : null}
      <span className="spacer" />
      <span className="muted small" role="status">
        {counts}
      </span>
    </div>
  );
}
