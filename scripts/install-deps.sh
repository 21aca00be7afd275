#!/bin/sh
# Installs the Debian packages of packages.txt that serve one of the purposes given and are
# missing. Asks nothing, reads no input, and touches neither apt nor the network when all is there.
# Without root it uses sudo; without that it says what to install and fails.
set -eu

here=$(dirname "$0")
[ $# -gt 0 ] || { echo "usage: $0 build|test|lint|bench..." >&2; exit 2; }

# Also when another package stands for it, as a nodejs that brings its own npm.
installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ||
        dpkg-query -W -f='${db:Status-Status}, ${Provides},\n' | grep -q "^installed,.* $1[, ]"
}

missing=
for purpose in "$@"; do
    packages=$(awk -v p="$purpose" '!/^#/ { for (i = 2; i <= NF; i++) if ($i == p) print $1 }' \
        "$here/packages.txt")
    [ -n "$packages" ] || { echo "$0: no purpose \"$purpose\" in packages.txt" >&2; exit 2; }
    for package in $packages; do
        case " $missing " in *" $package "*) continue ;; esac
        installed "$package" || missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "$0: this is no Debian system; please install the equivalents of:$missing" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "$0: not root and no sudo; please run as root: apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi

echo "Installing Debian packages:$missing"
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" </dev/null
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt update && apt install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "$0: could not install:$missing" >&2
    exit 1
fi
