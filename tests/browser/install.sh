#!/bin/sh
# What `make browser` needs from Debian, installed without a question: the browser, and its driver of the same version.
set -eu
packages="chromium chromium-driver"

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "make browser installs Debian packages: run it as root, on Debian or Ubuntu" >&2
    exit 1
fi
# shellcheck disable=SC2016
missing=$(for package in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
done)
[ -n "$missing" ] || exit 0
export DEBIAN_FRONTEND=noninteractive
apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 update -qq
# shellcheck disable=SC2086
apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 install -qq -y --no-install-recommends $missing
