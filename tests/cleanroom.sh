#!/usr/bin/env bash
# Runs `make demo` and `make test` twice in a fresh Debian folder that holds python3, python3-venv, make, git and
# ca-certificates, nothing else: what a new user has. Needs root and debootstrap; see docs/development.md.
#
#   tests/cleanroom.sh              both targets
#   tests/cleanroom.sh demo         one of them
#   KEEP=1 tests/cleanroom.sh       leave the folder for a look
set -euo pipefail

targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(demo test)
repository=$(cd "$(dirname "$0")/.." && pwd)

[ "$(id -u)" = 0 ] || { echo "error: a chroot needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "error: apt-get install debootstrap" >&2; exit 1; }

room=$(mktemp -d /var/tmp/gigops-cleanroom.XXXXXX)
chmod 755 "$room"
# The mounts live in a namespace of their own and are gone with it; --one-file-system is the belt to it.
trap '[ -n "${KEEP:-}" ] && echo "kept: $room" || rm -rf --one-file-system "$room"' EXIT

# The mirror that this machine's own package sources name; none of them: debootstrap's default.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -nE 's#^(URIs:|deb)[[:space:]]+(\[[^]]*\][[:space:]]+)?(https?://[^[:space:]]*/debian/?)([[:space:]].*)?$#\3#p' | head -1 || true)
echo "== making a Debian folder in $room"
debootstrap --variant=minbase --include=python3,python3-venv,make,git,ca-certificates \
    bookworm "$room" ${mirror:+"$mirror"} >"$room.log" 2>&1 || { tail -5 "$room.log" >&2; exit 1; }
rm -f "$room.log"

git clone --quiet --no-local "$repository" "$room/root/gigops"
echo "== cloned $(git -C "$room/root/gigops" log -1 --format='%h %s')"

# How this machine reaches the package index: its CA, proxy and index, from the environment and pip's own settings.
passed=(HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "TERM=${TERM:-dumb}")
for name in PIP_CERT PIP_INDEX_URL PIP_TRUSTED_HOST PIP_PROXY PIP_DEFAULT_TIMEOUT SSL_CERT_FILE REQUESTS_CA_BUNDLE \
    http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!name:-}" ] || passed+=("$name=${!name}")
done
index=$(python3 -m pip config get global.index-url 2>/dev/null || true)
[ -z "$index" ] || passed+=("PIP_INDEX_URL=$index")
for name in PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE; do
    [ -z "${!name:-}" ] || install -D -m 644 "${!name}" "$room${!name}"
done
cp /etc/resolv.conf /etc/hosts "$room/etc/"

cat >"$room/root/run" <<'SCRIPT'
set -euo pipefail
cd /root/gigops
for round in first second; do
    for target in "$@"; do
        echo "== $round run of make $target"
        began=$SECONDS
        make "$target" && ended=ok || ended=FAILED
        echo "make $target, $round run: $((SECONDS - began)) s, $ended" >>/root/times
    done
done
[ -z "$(git status --short)" ] || { git status --short; echo "the checkout was changed, FAILED" >>/root/times; }
echo "== times"
cat /root/times
! grep -q FAILED /root/times
SCRIPT

export room
unshare --mount --pid --fork --kill-child bash -c '
    mount --make-rprivate /
    mount -t proc proc "$room/proc"
    mount --rbind /dev "$room/dev"
    exec env -i "$@"
' - "${passed[@]}" chroot "$room" bash /root/run "${targets[@]}"
