#!/usr/bin/env bash
# Installs the real peers that `make integration` runs against, from Debian's packages. Their services are not started.
# `tools/peers.sh bench` installs those that `make bench` measures, and valgrind.
set -eu
packages=()
need() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || packages+=("$2"); }
if [ "${1:-}" = bench ]; then
  need gdnsd gdnsd
  [ -e /usr/lib/*/pdns/libbindbackend.so ] || packages+=(pdns-backend-bind)
  need valgrind valgrind
fi
need named bind9
need named-checkzone bind9-utils
need dig bind9-dnsutils
need nsd nsd
need knotd knot
need kzonecheck knot-dnssecutils
need kdig knot-dnsutils
need pdns_server pdns-server
[ -e /usr/lib/*/pdns/libgsqlite3backend.so ] || packages+=(pdns-backend-sqlite3)
need unbound unbound
need ldns-verify-zone ldnsutils
need ip iproute2
need mkfs.ext4 e2fsprogs
need umount mount
need aiosmtpd python3-aiosmtpd
[ "${#packages[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "Needed: ${packages[*]}"
  echo "  apt-get install ${packages[*]}"
  exit 1
fi
echo "installing ${packages[*]}"
# A policy that starts nothing: the tests start what they need on ports of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
