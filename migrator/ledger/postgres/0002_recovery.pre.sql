-- What the catalogue said before the statement in flight was sent, and the states
-- of a migration that is being taken back.
ALTER TABLE migrate_versions
  ADD COLUMN in_flight_state text,
  DROP CONSTRAINT migrate_versions_state_check,
  ADD CONSTRAINT migrate_versions_state_check CHECK (state IN ('running', 'applied', 'failed', 'aborting'));
