CREATE TABLE migrate_versions (
  version          text NOT NULL,
  phase            text NOT NULL,
  name             text NOT NULL,
  checksum         text NOT NULL,
  state            text NOT NULL CHECK (state IN ('running', 'applied', 'failed')),
  statements_total integer NOT NULL,
  statements_done  integer NOT NULL,
  in_flight        integer,
  digests          text NOT NULL,
  started_at       timestamptz NOT NULL,
  finished_at      timestamptz,
  duration_ms      bigint,
  applied_by       text NOT NULL,
  tool_version     text NOT NULL,
  release          text,
  error            text,
  PRIMARY KEY (version, phase)
);

CREATE TABLE migrate_backfills (
  version     text NOT NULL,
  statement   integer NOT NULL,
  digest      text NOT NULL,
  cursor      bigint NOT NULL,
  first_key   bigint NOT NULL,
  last_key    bigint NOT NULL,
  rows_done   bigint NOT NULL,
  batch_size  bigint NOT NULL,
  state       text NOT NULL CHECK (state IN ('running', 'done')),
  started_at  timestamptz NOT NULL,
  heartbeat   timestamptz NOT NULL,
  PRIMARY KEY (version, statement)
);

CREATE TABLE migrate_releases (
  release      text PRIMARY KEY,
  state        text NOT NULL CHECK (state IN ('running', 'failed', 'done', 'abandoned')),
  steps        text NOT NULL,
  plan_digest  text NOT NULL,
  approvals    text NOT NULL,
  started_at   timestamptz NOT NULL,
  finished_at  timestamptz,
  released_by  text NOT NULL,
  tool_version text NOT NULL
);
