#!/usr/bin/env bash
# What the tests need of a machine, beyond Rust and Node.js. `machine.sh postgresql` and `machine.sh peers` install what is missing
# by Debian's package manager, as root or with sudo. No service is started, at once or at the next boot, and none that runs already
# is touched.
set -euo pipefail

case $1 in
  postgresql)
    what=PostgreSQL without=TOKENMINT_TEST_SKIP_POSTGRES packages=(postgresql)
    present() {
      command -v initdb || [ -x "$(pg_config --bindir 2>/dev/null)/initdb" ] || ls /usr/lib/postgresql/*/bin/initdb
    }
    ;;
  peers)
    what="A part of Python 3.11 (with venv), Apache with mod_oauth2, HAProxy and libfaketime" without=TOKENMINT_TEST_SKIP_PEERS
    packages=(python3 python3-venv libapache2-mod-oauth2 haproxy libfaketime)
    present() {
      PATH=$PATH:/usr/sbin:/usr/local/sbin
      python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' && command -v apache2 && command -v haproxy \
        && ls /usr/lib/apache2/modules/mod_oauth2.so /usr/lib/*/faketime/libfaketime.so.1
    }
    ;;
esac

if [ "${!without:-}" = 1 ] || (present) >/dev/null 2>&1; then
  exit 0
fi

if [ "$(id -u)" = 0 ]; then
  as=()
elif sudo -n true 2>/dev/null; then
  as=(sudo -n)
else
  as=(none)
fi
if [ "${as[*]}" = none ] || ! command -v apt-get >/dev/null; then
  echo "--- $what is missing: install it, or set $without=1 to do without"
  exit 1
fi

# Debian starts what it installs, unless this file says no. One that is there already is its owner's word.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap '"${as[@]}" rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as[@]}" tee $policy >/dev/null
  "${as[@]}" chmod 755 $policy
fi

enabled() { systemctl --root=/ list-unit-files --state=enabled --no-legend 2>/dev/null | cut -d ' ' -f 1 | sort; }

echo "--- $what is missing: installing ${packages[*]}"
before=$(enabled || true)
installed() {
  "${as[@]}" apt-get update -qq && "${as[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${packages[@]}" </dev/null && (present) >/dev/null 2>&1
}
if ! installed; then
  echo "--- $what could not be installed: install it, or set $without=1 to do without"
  exit 1
fi
for unit in $(comm -13 <(echo "$before") <(enabled || true)); do
  "${as[@]}" systemctl disable --quiet "$unit"
done
