#!/bin/sh
# What `make interop` needs from Debian, installed without a question. Postfix gets no configuration, and neither it nor
# Dovecot is started: the tests start their own. Each package is named for its own sake, so recommendations are left out.
set -eu
packages="bind9-dnsutils ca-certificates curl dovecot-imapd dovecot-pop3d fetchmail getmail6 imapfilter inetutils-telnet isync
    libnet-ssleay-perl libsasl2-modules mpack mpop msmtp neomutt netcat-openbsd offlineimap3 postfix ripmime swaks tshark"

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "make interop installs Debian packages and starts Postfix: run it as root, on Debian or Ubuntu" >&2
    exit 1
fi
# shellcheck disable=SC2086,SC2016
missing=$(for package in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
done)
[ -n "$missing" ] || exit 0
echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
export DEBIAN_FRONTEND=noninteractive
# Asked by every package whether it may start what it brings.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 update -qq
# shellcheck disable=SC2086
apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 install -qq -y --no-install-recommends $missing
