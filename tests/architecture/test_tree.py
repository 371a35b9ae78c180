"""What is committed: ours, small, and free of addresses that only one machine knows."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MADE = {"package-lock.json", "requirements.txt", "requirements-dev.txt", "requirements-node.txt"}
LONGEST_FILE = 400
PICTURES = {".png", ".ico", ".jpg"}
FOREIGN_PLACES = ("node_modules/", "static/build/", "vendor/", "site-packages/", ".venv/")
FOREIGN_ENDINGS = (".min.js", ".min.css", ".map", ".woff", ".woff2", ".ttf", ".otf", ".whl", ".so", ".jar")
# Written in pieces, so that this file does not find itself.
MACHINE_SIGNS = re.compile(
    "|".join(("/work" + "/", "/root" + "/", "/home" + r"/\w+/", "registry" + r"\.npm", "index" + "-url="))
)


@pytest.fixture(scope="module")
def committed() -> list[Path]:
    """Every file that git has or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [Path(name) for name in listed.stdout.split("\0") if name]
    return [path for path in found if (ROOT / path).is_file()]


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_no_file_of_a_third_party_is_committed(committed: list[Path]) -> None:
    foreign = [
        path
        for path in committed
        if any(place in f"{path}" for place in FOREIGN_PLACES) or path.name.endswith(FOREIGN_ENDINGS)
    ]
    assert not foreign


def test_no_file_is_too_long_to_read(committed: list[Path]) -> None:
    texts = (path for path in committed if path.name not in MADE and path.suffix not in PICTURES)
    long = {f"{path}": lines for path in texts if (lines := len(read(path).splitlines())) > LONGEST_FILE}
    assert not long


def test_no_file_knows_one_machine(committed: list[Path]) -> None:
    texts = (path for path in committed if path.suffix not in PICTURES)
    found = {f"{path}": sign[0] for path in texts if (sign := MACHINE_SIGNS.search(read(path)))}
    assert not found


def test_the_locks_name_no_place_to_download_from() -> None:
    for name in sorted(MADE):
        text = read(Path(name))
        assert "://" not in re.sub(r'"(url|funding)": ".*?"', "", text), name
        assert '"resolved"' not in text, name


def test_no_template_is_unused() -> None:
    templates = ROOT / "templates"
    sources = [*(ROOT / "telehealth").rglob("*.py"), *templates.rglob("*.html")]
    named = {name for path in sources for name in re.findall(r"""["']([\w./-]+\.html)["']""", read(path))}
    built = {path.relative_to(templates).as_posix() for path in (templates / "errors").glob("*.html")}
    there = {path.relative_to(templates).as_posix() for path in templates.rglob("*.html")}
    assert there - named - built == set()
    assert {name for name in named if "/" in name} - there == set()


def test_every_test_file_is_collected() -> None:
    """A misnamed file would be silently left out."""
    strays = [
        path.relative_to(ROOT)
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^(async )?def test_", read(path), flags=re.MULTILINE)
        and not path.name.startswith("test_")
    ]
    assert not strays
