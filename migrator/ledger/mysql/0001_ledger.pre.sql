CREATE TABLE IF NOT EXISTS migrate_versions (
  version          varchar(64)  NOT NULL,
  phase            varchar(16)  NOT NULL,
  name             varchar(255) NOT NULL,
  checksum         varchar(64)  NOT NULL,
  state            varchar(16)  NOT NULL CHECK (state IN ('running', 'applied', 'failed', 'aborting')),
  statements_total bigint       NOT NULL,
  statements_done  bigint       NOT NULL,
  in_flight        bigint,
  in_flight_state  mediumtext,
  digests          mediumtext   NOT NULL,
  started_at       datetime(6)  NOT NULL,
  finished_at      datetime(6),
  duration_ms      bigint,
  applied_by       varchar(255) NOT NULL,
  tool_version     varchar(64)  NOT NULL,
  `release`        varchar(255),
  error            mediumtext,
  PRIMARY KEY (version, phase)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS migrate_backfills (
  version      varchar(64) NOT NULL,
  statement    bigint      NOT NULL,
  digest       varchar(64) NOT NULL,
  `cursor`     bigint      NOT NULL,
  first_key    bigint      NOT NULL,
  last_key     bigint      NOT NULL,
  rows_done    bigint      NOT NULL,
  batch_size   bigint      NOT NULL,
  state        varchar(16) NOT NULL CHECK (state IN ('running', 'done')),
  started_at   datetime(6) NOT NULL,
  heartbeat    datetime(6) NOT NULL,
  PRIMARY KEY (version, statement)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS migrate_releases (
  `release`    varchar(255) NOT NULL PRIMARY KEY,
  state        varchar(16)  NOT NULL CHECK (state IN ('running', 'failed', 'done', 'abandoned')),
  steps        mediumtext   NOT NULL,
  plan_digest  varchar(64)  NOT NULL,
  approvals    mediumtext   NOT NULL,
  started_at   datetime(6)  NOT NULL,
  finished_at  datetime(6),
  released_by  varchar(255) NOT NULL,
  tool_version varchar(64)  NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
