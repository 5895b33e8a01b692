-- People, their sessions and tokens. Instants are microseconds since the Unix epoch, UTC.
CREATE TABLE users (
    name TEXT PRIMARY KEY,                 -- lower case
    role TEXT NOT NULL,                    -- admin | analyst | reader
    password_hash TEXT NOT NULL,           -- PHC string, argon2id
    must_change_password BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    password_changed_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,           -- BLAKE3 of the token, never the token
    user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_name);

CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,                  -- JSON array
    sources TEXT NOT NULL,                 -- JSON array; empty = every source
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE login_failures (
    subject TEXT PRIMARY KEY,              -- `name` or `name` + client
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    locked_until BIGINT NOT NULL
);
