#!/bin/bash
# Entrypoint of the MySQL and MariaDB stand-in images. It honours what the official images document:
# MYSQL_ROOT_PASSWORD, MYSQL_ROOT_HOST, MYSQL_DATABASE, MYSQL_USER, MYSQL_PASSWORD, MYSQL_ALLOW_EMPTY_PASSWORD,
# MYSQL_RANDOM_ROOT_PASSWORD (the MARIADB_ names win on MariaDB; each secret also as NAME_FILE),
# /docker-entrypoint-initdb.d, and arguments for the server.
set -Eeuo pipefail

readonly datadir=/var/lib/mysql socket=/var/run/mysqld/mysqld.sock

fail() {
  printf 'error: %s\n' "$@" >&2
  exit 1
}

# setting NAME DEFAULT: MARIADB_NAME, MYSQL_NAME, or the content of the file that either _FILE points to.
setting() {
  local name file
  for name in "MARIADB_$1" "MYSQL_$1"; do
    file="${name}_FILE"
    if [ -n "${!name:-}" ]; then printf '%s' "${!name}"; return; fi
    if [ -n "${!file:-}" ]; then printf '%s' "$(<"${!file}")"; return; fi
  done
  printf '%s' "${2:-}"
}

read_settings() {
  root_password="$(setting ROOT_PASSWORD)"
  root_host="$(setting ROOT_HOST %)"
  database="$(setting DATABASE)"
  user="$(setting USER)"
  password="$(setting PASSWORD)"
  if [ -z "$root_password" ] && [ -n "$(setting RANDOM_ROOT_PASSWORD)" ]; then
    root_password="$(head -c 24 /dev/urandom | base64)"
    printf 'GENERATED ROOT PASSWORD: %s\n' "$root_password"
  fi
  local empty
  empty="$(setting ALLOW_EMPTY_PASSWORD)$(setting ALLOW_EMPTY_ROOT_PASSWORD)"
  if [ -z "$root_password" ] && [ -z "$empty" ]; then
    fail "the database is not initialised and root has no password" \
      "set MYSQL_ROOT_PASSWORD, MYSQL_ALLOW_EMPTY_PASSWORD or MYSQL_RANDOM_ROOT_PASSWORD"
  fi
  if [ "$user" = root ]; then fail "MYSQL_USER is root, whose password is MYSQL_ROOT_PASSWORD"; fi
}

is_mariadb() { [ -x /usr/sbin/mariadbd ]; }

client() {
  local program=mysql
  if is_mariadb; then program=mariadb; fi
  MYSQL_PWD="${auth:-}" "$program" --no-defaults --protocol=socket -uroot -hlocalhost --socket="$socket" "$@"
}

init_datadir() {
  if is_mariadb; then
    mariadb-install-db --datadir="$datadir" --user=mysql --auth-root-authentication-method=normal \
      --skip-test-db --skip-name-resolve >/dev/null
  else
    "$1" --initialize-insecure --datadir="$datadir" --user=mysql
  fi
}

# The first server has no port, so that nobody who waits for it meets a half-made database.
start_temporary() {
  "$@" --skip-networking --socket="$socket" &
  server=$!
  local i
  for ((i = 0; i < 300; i++)); do
    if client -e 'SELECT 1' >/dev/null 2>&1; then return; fi
    if ! kill -0 "$server" 2>/dev/null; then fail "the server ended while it was being initialised"; fi
    sleep 0.2
  done
  fail "the server did not accept connections within 60 s"
}

quoted() { printf "'%s'" "$(printf '%s' "$1" | sed -e 's/\\/\\\\/g' -e "s/'/''/g")"; }
name() { printf '`%s`' "${1//\`/\`\`}"; }

# mariadb-install-db also makes root accounts for 127.0.0.1, ::1 and the host name, which have no password.
account_sql() {
  if is_mariadb; then
    printf "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');\nFLUSH PRIVILEGES;\n"
  fi
  if [ "$root_host" != localhost ]; then
    printf 'CREATE USER root@%s IDENTIFIED BY %s;\n' "$(quoted "$root_host")" "$(quoted "$root_password")"
    printf 'GRANT ALL ON *.* TO root@%s WITH GRANT OPTION;\n' "$(quoted "$root_host")"
  fi
  printf 'ALTER USER root@localhost IDENTIFIED BY %s;\n' "$(quoted "$root_password")"
  if [ -n "$database" ]; then printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(name "$database")"; fi
  if [ -n "$user" ] && [ -n "$password" ]; then
    printf "CREATE USER %s@'%%' IDENTIFIED BY %s;\n" "$(quoted "$user")" "$(quoted "$password")"
    if [ -n "$database" ]; then
      printf "GRANT ALL ON %s.* TO %s@'%%';\n" "$(name "${database//_/\\_}")" "$(quoted "$user")"
    fi
  fi
}

run_init_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) client ${database:+"$database"} <"$file" ;;
      *.sql.gz) gunzip -c "$file" | client ${database:+"$database"} ;;
      *.sql.xz) xzcat "$file" | client ${database:+"$database"} ;;
      *.sql.zst) zstd -dc "$file" | client ${database:+"$database"} ;;
      */\*) ;;
      *) printf 'ignoring %s\n' "$file" ;;
    esac
  done
}

initialise() {
  read_settings
  init_datadir "$@"
  start_temporary "$@"
  if is_mariadb; then mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo 2>/dev/null | client mysql; fi
  account_sql | client
  auth="$root_password"
  run_init_files
  kill "$server"
  wait "$server"
  printf '\nMySQL init process done. Ready for start up.\n\n'
}

wants_help() {
  local arg
  for arg; do
    case "$arg" in -'?' | --help | --print-defaults | -V | --version) return 0 ;; esac
  done
  return 1
}

daemon=mysqld
if is_mariadb; then daemon=mariadbd; fi
if [ "${1:0:1}" = '-' ]; then set -- "$daemon" "$@"; fi
case "${1:-}" in mysqld | mariadbd)
  if ! wants_help "$@"; then
    if [ "$(id -u)" = 0 ]; then
      # The server refuses root.
      find "$datadir" /var/lib/mysql-files /var/run/mysqld \! -user mysql -exec chown mysql: {} +
      exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
    fi
    if [ ! -d "$datadir/mysql" ]; then initialise "$@"; fi
  fi
  ;;
esac
exec "$@"
