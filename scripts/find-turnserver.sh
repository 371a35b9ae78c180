# Succeeds when the tests will find a TURN server (coturn); as root on Debian it installs one.
set -eu

command -v turnserver >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing coturn"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends coturn >/dev/null
    exit 0
fi
echo "The journey of a protected patient needs a TURN server. Install the package coturn, so that turnserver is on PATH." >&2
exit 1
