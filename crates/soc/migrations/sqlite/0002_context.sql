-- Who and what the estate consists of. Columns that a file has beyond these are kept in `extra`.
CREATE TABLE identities (
    id TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    display_name TEXT NOT NULL,            -- shown, never used for linking
    privileged_role TEXT NOT NULL,
    sensitivity TEXT NOT NULL,
    department TEXT NOT NULL,
    manager TEXT NOT NULL,
    source TEXT NOT NULL,
    extra TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE identity_keys (
    key TEXT PRIMARY KEY,
    identity TEXT NOT NULL REFERENCES identities (id) ON DELETE CASCADE
);
CREATE INDEX identity_keys_by_identity ON identity_keys (identity);

CREATE TABLE assets (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    criticality BIGINT,                    -- 0 most critical .. 3
    owner TEXT NOT NULL,
    environment TEXT NOT NULL,
    service TEXT NOT NULL,
    tags TEXT NOT NULL,                    -- JSON array
    shared BOOLEAN NOT NULL,               -- used by everyone: no evidence of one story
    network TEXT NOT NULL,                 -- CIDR for an address range of one's own, else ''
    source TEXT NOT NULL,
    extra TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE asset_keys (
    key TEXT NOT NULL,
    asset TEXT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
    PRIMARY KEY (key, asset)
);
CREATE INDEX asset_keys_by_asset ON asset_keys (asset);
