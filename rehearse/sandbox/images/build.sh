#!/usr/bin/env bash
# Makes the database images that the docker engine of a sandbox and its tests run.
#
#   build.sh [image...]      default: every image in the table below
#
# An image that is there is kept. One that is not is pulled; when no registry answers, a stand-in is built
# from Debian packages under the same name, with the label io.github.expandcontract.migrate.standin=true.
# A stand-in honours what the official image documents: its variables, PGDATA, volumes, ports, init scripts.
# To go back to the official image later: docker image rm NAME && docker pull NAME
#
#   PULL_TIMEOUT   seconds a pull may take before a stand-in is built (default 90)
set -Eeuo pipefail

readonly here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly label=io.github.expandcontract.migrate.standin
readonly all=(postgres:15 postgres:17 postgres:18 mariadb:10.11 mariadb:11.8 mysql:9.7)
readonly base=(locales tzdata gzip xz-utils zstd)

work=""

die() {
  printf 'build.sh: error: %s\n' "$1" >&2
  if [ $# -gt 1 ]; then printf 'build.sh: hint: %s\n' "$2" >&2; fi
  exit 1
}

# debootstrap mounts /proc and /sys below its target, and an interrupted one leaves them: they go first.
cleanup() {
  if [ -z "$work" ]; then return; fi
  awk -v dir="$work/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mount; do
    umount -l "$mount"
  done
  rm -rf --one-file-system "$work"
  work=""
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# recipe NAME sets suite, packages and the way the image behaves.
recipe() {
  case "$1" in
    postgres:15)   suite=bookworm; packages=(postgresql-15 postgresql-client-15) ;;
    postgres:17)   suite=trixie;   packages=(postgresql-17 postgresql-client-17) ;;
    postgres:18)   suite=sid;      packages=(postgresql-18 postgresql-client-18) ;;
    mariadb:10.11) suite=bookworm; packages=(mariadb-server-core mariadb-client-core mariadb-client) ;;
    mariadb:11.8)  suite=trixie;   packages=(mariadb-server-core mariadb-client-core mariadb-client) ;;
    mysql:9.7)     suite=sid;      packages=(mysql-server-core mysql-client-core) ;;
    *) die "no recipe for the image $1" "build.sh knows ${all[*]}" ;;
  esac
}

need_tools() {
  if ! command -v debootstrap >/dev/null; then
    die "debootstrap, which builds the stand-in images, is not installed" \
      "apt-get install debootstrap (or dnf install debootstrap), or connect to a registry: docker pull $1"
  fi
  if [ "$(id -u)" -ne 0 ]; then
    die "debootstrap needs root to build $1" "sudo $0 $1"
  fi
}

# Every package is named to debootstrap: apt inside the target would refuse a suite whose Release file is
# older than its Valid-Until, as happens with a frozen copy of sid.
bootstrap() {
  local name="$1" root="$2" include
  include="$(IFS=,; printf '%s' "${base[*]},${packages[*]}")"
  debootstrap --variant=minbase --include="$include" "$suite" "$root" >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    if [ -f "$root/debootstrap/debootstrap.log" ]; then tail -n 20 "$root/debootstrap/debootstrap.log" >&2; fi
    die "debootstrap could not build $name from Debian $suite" "see the lines above"
  }
}

strip_root() {
  local root="$1"
  chroot "$root" localedef -i en_US -c -f UTF-8 en_US.UTF-8
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/usr/share/doc/* \
    "$root"/usr/share/man/* "$root"/usr/share/info/* "$root"/usr/share/lintian "$root"/debootstrap \
    "$root"/etc/apt/sources.list
  find "$root/usr/share/locale" -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
}

install_postgres() {
  local root="$1" major="$2" bin="/usr/lib/postgresql/$2/bin" sample
  # The package made a cluster of its own; the image makes one in PGDATA at its first start.
  rm -rf "$root"/var/lib/postgresql/* "$root"/etc/postgresql/*
  for sample in "$root"/usr/share/postgresql/"$major"/postgresql.conf.sample; do
    sed -i "s/^#\?listen_addresses = .*/listen_addresses = '*'/" "$sample"
  done
  install -m 755 "$here/postgres-entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
  chroot "$root" install -d -o postgres -g postgres -m 1777 /var/run/postgresql
  chroot "$root" install -d -o postgres -g postgres -m 700 "$pgdata"
  chroot "$root" install -d -m 755 /docker-entrypoint-initdb.d
  changes=(
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$bin"
    "ENV PGDATA=$pgdata" "ENV PG_MAJOR=$major" "ENV LANG=en_US.utf8"
    "VOLUME $volume" "EXPOSE 5432" "STOPSIGNAL SIGINT"
    'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["postgres"]'
  )
}

install_mysql() {
  local root="$1" daemon="$2"
  chroot "$root" getent group mysql >/dev/null || chroot "$root" groupadd -r mysql
  chroot "$root" getent passwd mysql >/dev/null ||
    chroot "$root" useradd -r -g mysql -d /var/lib/mysql -s /usr/sbin/nologin mysql
  rm -rf "$root"/var/lib/mysql
  chroot "$root" install -d -o mysql -g mysql -m 1777 /var/run/mysqld
  chroot "$root" install -d -o mysql -g mysql -m 750 /var/lib/mysql /var/lib/mysql-files
  chroot "$root" install -d -m 755 /docker-entrypoint-initdb.d /etc/mysql/conf.d
  install -m 755 "$here/mysql-entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
  install -m 644 "$here/mysql.cnf" "$root/etc/mysql/my.cnf"
  changes=(
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "ENV LANG=C.UTF-8"
    "VOLUME /var/lib/mysql" "EXPOSE 3306" 'ENTRYPOINT ["docker-entrypoint.sh"]' "CMD [\"$daemon\"]"
  )
}

install_server() {
  local name="$1" root="$2" pgdata volume
  case "$name" in
    postgres:18)
      pgdata=/var/lib/postgresql/18/docker volume=/var/lib/postgresql
      install_postgres "$root" 18 ;;
    postgres:*)
      pgdata=/var/lib/postgresql/data volume=/var/lib/postgresql/data
      install_postgres "$root" "${name#*:}" ;;
    mariadb:*) install_mysql "$root" mariadbd ;;
    mysql:*) install_mysql "$root" mysqld ;;
  esac
}

# import makes the image under its name only when the whole file system has arrived. The metadata comes from a
# build rather than from import --change, which refuses STOPSIGNAL in older engines.
import() {
  local name="$1" root="$2" layer
  layer="$(tar -C "$root" --numeric-owner --one-file-system -cf - . | docker import -)"
  if ! printf '%s\n' "FROM $layer" "LABEL $label=true" "${changes[@]}" |
    DOCKER_BUILDKIT=0 docker build -t "$name" - >"$work/log" 2>&1; then
    tail -n 5 "$work/log" >&2
    die "docker could not build $name" "see the lines above"
  fi
}

build() {
  local name="$1" suite packages changes root
  recipe "$name"
  need_tools "$name"
  work="$(mktemp -d "${TMPDIR:-/tmp}/migrate-image.XXXXXX")"
  root="$work/root"
  printf '%s: building a stand-in from Debian %s\n' "$name" "$suite" >&2
  bootstrap "$name" "$root"
  install_server "$name" "$root"
  strip_root "$root"
  import "$name" "$root"
  cleanup
  printf '%s: built in %d s\n' "$name" "$SECONDS" >&2
}

provide() {
  local name="$1"
  recipe "$name"
  if docker image inspect "$name" >/dev/null 2>&1; then
    printf '%s: present\n' "$name" >&2
  elif timeout "${PULL_TIMEOUT:-90}" docker pull -q "$name" >/dev/null 2>&1; then
    printf '%s: pulled\n' "$name" >&2
  else
    SECONDS=0
    build "$name"
  fi
}

main() {
  command -v docker >/dev/null || die "docker is not installed" "apt-get install docker.io"
  docker info >/dev/null 2>&1 || die "no docker daemon answers" "start it: systemctl start docker"
  if [ $# -eq 0 ]; then set -- "${all[@]}"; fi
  for name in "$@"; do provide "$name"; done
}

main "$@"
