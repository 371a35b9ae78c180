# Succeeds when the tests will find a Chromium; as root on Debian it installs one.
set -eu

if [ -n "${CHROMIUM:-}" ]; then
    [ -x "$CHROMIUM" ] && exit 0
    echo "CHROMIUM is set to '$CHROMIUM', which is not a program. Set it to the path of a Chromium." >&2
    exit 1
fi
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null
    exit 0
fi
echo "The browser journeys need Chromium. Install it, or say where it is: make test CHROMIUM=/path/to/chromium" >&2
exit 1
