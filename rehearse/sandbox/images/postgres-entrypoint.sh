#!/bin/bash
# Entrypoint of the PostgreSQL stand-in image. It honours what the official image documents: POSTGRES_PASSWORD,
# POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS, POSTGRES_INITDB_WALDIR, POSTGRES_HOST_AUTH_METHOD (each
# secret also as NAME_FILE), PGDATA, /docker-entrypoint-initdb.d, and arguments for the server.
set -Eeuo pipefail

fail() {
  printf 'error: %s\n' "$@" >&2
  exit 1
}

# from_file NAME DEFAULT: the variable, or the content of the file NAME_FILE points to.
from_file() {
  local name="$1" file="${1}_FILE"
  if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then fail "both $name and $file are set"; fi
  if [ -n "${!file:-}" ]; then
    printf -v "$name" '%s' "$(<"${!file}")"
  elif [ -z "${!name:-}" ]; then
    printf -v "$name" '%s' "${2:-}"
  fi
  export "${name?}"
  unset "$file"
}

check_password() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    fail "the database is not initialised and the superuser has no password" \
      "set POSTGRES_PASSWORD, or POSTGRES_HOST_AUTH_METHOD=trust to accept every connection"
  fi
}

init_cluster() {
  local args=()
  if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then args+=(--waldir "$POSTGRES_INITDB_WALDIR"); fi
  eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") "${args[@]}" '"${POSTGRES_INITDB_ARGS:-}"
  local method="${POSTGRES_HOST_AUTH_METHOD:-}"
  if [ -z "$method" ]; then method="$(postgres -C password_encryption -D "$PGDATA")"; fi
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

sql() {
  PGPASSWORD="$POSTGRES_PASSWORD" PGHOST= PGHOSTADDR= psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password \
    --username "$POSTGRES_USER" "$@"
}

create_database() {
  if [ "$POSTGRES_DB" = postgres ]; then return; fi
  sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
}

run_init_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) sql --dbname "$POSTGRES_DB" -f "$file" ;;
      *.sql.gz) gunzip -c "$file" | sql --dbname "$POSTGRES_DB" ;;
      *.sql.xz) xzcat "$file" | sql --dbname "$POSTGRES_DB" ;;
      *.sql.zst) zstd -dc "$file" | sql --dbname "$POSTGRES_DB" ;;
      */\*) ;;
      *) printf 'ignoring %s\n' "$file" ;;
    esac
  done
}

# The first server listens on its socket only, so that nobody who waits for the port meets a half-made database.
initialise() {
  from_file POSTGRES_PASSWORD
  from_file POSTGRES_USER postgres
  from_file POSTGRES_DB "$POSTGRES_USER"
  check_password
  init_cluster
  pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p ${PGPORT:-5432}" -w start
  create_database
  run_init_files
  pg_ctl -D "$PGDATA" -m fast -w stop
  printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

wants_help() {
  local arg
  for arg; do
    case "$arg" in -'?' | --help | --describe-config | -V | --version) return 0 ;; esac
  done
  return 1
}

if [ "${1:0:1}" = '-' ]; then set -- postgres "$@"; fi
if [ "${1:-}" = postgres ] && ! wants_help "$@"; then
  install -d -m 700 "$PGDATA" 2>/dev/null || true
  if [ "$(id -u)" = 0 ]; then
    # initdb and the server refuse root.
    find "$PGDATA" \! -user postgres -exec chown postgres {} +
    chown postgres: "$PGDATA"
    if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then install -d -o postgres -m 700 "$POSTGRES_INITDB_WALDIR"; fi
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
  fi
  if [ ! -s "$PGDATA/PG_VERSION" ]; then initialise; fi
fi
exec "$@"
