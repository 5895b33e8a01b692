-- Incidents, alerts, their history, and what still has to be copied into the lake.
CREATE TABLE incidents (
    number BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    title_by_person BOOLEAN NOT NULL,
    description TEXT NOT NULL,
    severity BIGINT NOT NULL,              -- 0 Informational .. 3 High
    status TEXT NOT NULL,
    priority BIGINT NOT NULL,
    priority_parts TEXT NOT NULL,
    owner TEXT,
    classification TEXT,
    classification_reason TEXT NOT NULL,
    classification_comment TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    first_activity_at BIGINT NOT NULL,
    last_activity_at BIGINT NOT NULL,
    first_modified_at BIGINT,
    last_modified_at BIGINT NOT NULL,
    modified_by TEXT NOT NULL,
    first_alert_at BIGINT,                 -- null while every alert is a backfill
    first_event_at BIGINT,
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    contained_at BIGINT,
    contained_by TEXT,
    remediated_at BIGINT,
    remediated_by TEXT,
    recovered_at BIGINT,
    recovered_by TEXT,
    closed_at BIGINT,
    reopened_at BIGINT,
    labels TEXT NOT NULL,
    grouping_scope TEXT NOT NULL,          -- `default` or `rule:<id>`
    merged_into BIGINT,
    tier BIGINT,
    source TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    alert_count BIGINT NOT NULL,
    comment_count BIGINT NOT NULL,
    facts TEXT NOT NULL,
    search TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX incidents_by_priority ON incidents (priority DESC, severity DESC, created_at);
CREATE INDEX incidents_by_status ON incidents (status, priority DESC);
CREATE INDEX incidents_by_scope ON incidents (grouping_scope, created_at);
CREATE INDEX incidents_by_created ON incidents (created_at);

CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    incident BIGINT REFERENCES incidents (number),
    rule_id TEXT NOT NULL,
    severity BIGINT NOT NULL,
    native BOOLEAN NOT NULL,
    backfill BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    joined_reason TEXT NOT NULL,
    joined_late BOOLEAN NOT NULL,          -- the incident was acknowledged already
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    body TEXT NOT NULL,                    -- the alert
    resolved TEXT NOT NULL                 -- its entities with identity, asset and keys
);
CREATE INDEX alerts_by_incident ON alerts (incident);
CREATE INDEX alerts_by_rule ON alerts (rule_id, created_at);

CREATE TABLE alert_keys (
    key TEXT NOT NULL,
    alert_id TEXT NOT NULL REFERENCES alerts (id),
    incident BIGINT NOT NULL,
    actor BOOLEAN NOT NULL,                -- stands for one account of the alert
    start_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL,
    PRIMARY KEY (key, alert_id)
);
CREATE INDEX alert_keys_by_alert ON alert_keys (alert_id);
CREATE INDEX alert_keys_by_incident ON alert_keys (incident);

-- Pairs of incidents that a person took apart: never merged again by the machine.
CREATE TABLE separations (
    low BIGINT NOT NULL,
    high BIGINT NOT NULL,
    PRIMARY KEY (low, high)
);

CREATE TABLE activity (
    id INTEGER PRIMARY KEY,                -- 1, 2, 3 ... without a gap
    incident BIGINT,
    alert_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    action TEXT NOT NULL,
    from_value TEXT NOT NULL,
    to_value TEXT NOT NULL,
    comment TEXT NOT NULL,
    details TEXT NOT NULL,
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX activity_by_incident ON activity (incident, id);

-- The history only grows. Whoever takes these away is found by the hash chain.
CREATE TRIGGER activity_is_not_changed BEFORE UPDATE ON activity
BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER activity_is_not_removed BEFORE DELETE ON activity
BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice, also after rows are done
    table_name TEXT NOT NULL,
    item_id TEXT NOT NULL,
    row_json TEXT NOT NULL
);
