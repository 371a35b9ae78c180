"""The built style sheets and scripts, as pages will load them."""

import json
import re
from pathlib import Path

import pytest

BUILD = Path(__file__).parents[2] / "static" / "build"


@pytest.fixture(scope="module")
def manifest() -> dict[str, str]:
    found: dict[str, str] = json.loads((BUILD / "manifest.json").read_text(encoding="utf-8"))
    return found


def test_every_built_file_is_there_and_compressed(manifest: dict[str, str]) -> None:
    missing = [
        name
        for name in manifest.values()
        for ending in ("", ".gz", ".br")
        if not (BUILD / f"{name}{ending}").exists()
    ]
    assert not missing


def test_the_style_sheets_are_plain_css(manifest: dict[str, str]) -> None:
    """A Sass function that was not loaded is copied into the result as it stands, and browsers drop the line."""
    for name in (name for name in manifest if name.endswith(".css")):
        text = (BUILD / manifest[name]).read_text(encoding="utf-8")
        assert not re.findall(r"[:,\s(](?:nhsuk|app)-[\w-]+\([^)]*\)", text), name
        assert not re.findall(r"\$[a-z]", text), name


def test_the_style_sheet_names_the_font_of_the_page(manifest: dict[str, str]) -> None:
    text = (BUILD / manifest["app.css"]).read_text(encoding="utf-8")
    assert re.search(r"font-family:\s*[\"']?arial", text, flags=re.IGNORECASE)


def test_nothing_is_loaded_from_another_origin(manifest: dict[str, str]) -> None:
    for name in manifest.values():
        text = (BUILD / name).read_text(encoding="utf-8")
        assert not re.search(r"url\([\"']?(?:https?:)?//|@import\s+[\"'](?:https?:)?//", text), name
        assert "assets.nhs.uk" not in text, name
