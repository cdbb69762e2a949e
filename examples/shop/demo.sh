#!/usr/bin/env bash
# What `make demo` runs: makes sure that there is a PostgreSQL to run on, then tells the story.
#   demo.sh path/to/migrate
set -euo pipefail
cd "$(dirname "$0")/../.."

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo

install() {
  echo "installing from the system's packages: $*"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Docker when it is there, with the official image or a stand-in of it.
have_docker() {
  docker info >/dev/null 2>&1 || return 1
  docker image inspect postgres:15 >/dev/null 2>&1 && return 0
  echo "preparing the image postgres:15 (about a minute)"
  if ! command -v debootstrap >/dev/null && command -v apt-get >/dev/null; then
    install debootstrap || true
  fi
  if ! $sudo rehearse/sandbox/images/build.sh postgres:15; then
    echo "no image for Docker: using server binaries of this machine"
    return 1
  fi
}

# Server binaries of version 15 or newer found on this machine.
have_local() { command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }

if have_docker; then
  engine=docker
elif have_local; then
  engine=local
elif command -v apt-get >/dev/null; then
  echo "neither Docker nor PostgreSQL's server is on this machine"
  install postgresql postgresql-client
  engine=local
else
  echo "demo: error: neither Docker nor PostgreSQL's server (initdb, postgres) is on this machine" >&2
  echo "demo: hint: install one of them with your package manager, then run make demo again" >&2
  exit 1
fi

go build -o bin/shop ./examples/shop
exec bin/shop demo --migrate "$1" --engine "$engine"
