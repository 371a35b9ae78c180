# Makes .venv with the Python given, and says in words what is missing.
set -eu
python=$1

command -v "$python" >/dev/null 2>&1 || {
    echo "There is no '$python' here. Install Python 3.11 or newer, or say where it is: make PYTHON=/path/to/python3" >&2
    exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "This needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1)." >&2
    echo "Say where a newer one is: make PYTHON=/path/to/python3.11" >&2
    exit 1
}
if .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exit 0
fi
echo "Making the virtual environment in .venv"
rm -rf .venv
"$python" -m venv .venv >/dev/null 2>&1 && exit 0
rm -rf .venv
if command -v uv >/dev/null 2>&1; then
    exec uv venv --quiet --seed --python "$python" .venv
fi
echo "This Python cannot make virtual environments: its 'venv' part is missing." >&2
echo "On Debian and Ubuntu install it with: apt-get install python3-venv" >&2
exit 1
