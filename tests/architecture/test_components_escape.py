"""The design system's macros are `.jinja` files, which Flask does not escape unless it is told to."""

import re
from pathlib import Path
from typing import Any

import nhsuk_frontend_jinja
import pytest
from flask import Flask

COMPONENTS = Path(nhsuk_frontend_jinja.__file__).parent / "templates" / "nhsuk" / "components"
HOSTILE = "<script>alert(1)</script>"
LINK: dict[str, Any] = {"text": HOSTILE, "labelText": HOSTILE, "href": HOSTILE}
WORD: dict[str, Any] = {"text": HOSTILE}
ITEM: dict[str, Any] = {
    **dict.fromkeys(("text", "value", "id", "name", "href"), HOSTILE),
    **dict.fromkeys(("label", "hint", "key", "panel", "title", "status"), WORD),
    "attributes": {"data-name": HOSTILE},
    "actions": {"items": [{"text": HOSTILE, "href": HOSTILE}]},
}
PARAMETERS: dict[str, Any] = {
    **dict.fromkeys(
        ("text", "id", "name", "value", "type", "heading", "headingText", "title", "caption"), HOSTILE
    ),
    **dict.fromkeys(
        ("href", "alt", "src", "summaryText", "visuallyHiddenText", "description", "action"), HOSTILE
    ),
    **dict.fromkeys(("classes", "placeholder", "autocomplete", "accept", "pattern"), HOSTILE),
    **dict.fromkeys(("label", "hint", "errorMessage", "legend", "prefix", "suffix"), WORD),
    **dict.fromkeys(("previous", "next"), LINK),
    "fieldset": {"legend": WORD},
    "items": [ITEM, ITEM],
    "rows": [{**ITEM, "value": WORD}],
    "errorList": [{"text": HOSTILE, "href": HOSTILE}],
    "links": [ITEM],
    "head": [WORD],
    "attributes": {"data-name": HOSTILE},
}


@pytest.mark.parametrize("component", sorted(folder.name for folder in COMPONENTS.iterdir()))
def test_a_component_escapes_whatever_it_shows(application: Flask, component: str) -> None:
    source = (COMPONENTS / component / "macro.jinja").read_text(encoding="utf-8")
    macro = re.search(r"macro (\w+)\(", source)
    assert macro, component
    template = f'{{% from "nhsuk/components/{component}/macro.jinja" import {macro[1]} %}}{{{{ {macro[1]}(given) }}}}'

    shown = application.jinja_env.from_string(template).render(given=PARAMETERS)

    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown, "the component showed none of what it was given"
