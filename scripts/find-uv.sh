# Prints the path of uv; where there is none, installs one under .make, for `make lock` alone.
set -eu

if command -v uv >/dev/null 2>&1; then
    command -v uv
    exit 0
fi
if [ ! -x .make/uv/bin/uv ]; then
    python3 -m venv .make/uv >&2
    .make/uv/bin/python -m pip install --quiet --disable-pip-version-check uv >&2
fi
echo .make/uv/bin/uv
