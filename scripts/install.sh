# Installs a hash-checked list of packages into .venv: with uv where it is found, else with pip.
set -eu
list=$1

echo "Installing the packages of $list (the first time this takes a minute)"
if command -v uv >/dev/null 2>&1; then
    uv pip install --quiet --require-hashes --python .venv/bin/python -r "$list" && exit 0
    echo "uv could not install them; trying pip" >&2
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$list"
