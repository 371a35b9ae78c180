"""docs/addresses.md names what there is, and nothing else."""

import re
from pathlib import Path

import pytest
from flask import Flask

pytestmark = pytest.mark.web

DOCS = Path(__file__).parents[2] / "docs" / "addresses.md"
# Answered before Flask sees them.
NOT_ROUTED = ("/socket.io", "/static/build")


@pytest.fixture
def named() -> set[str]:
    """The addresses of the tables' first column, without what stands for a key."""
    rows = [line.split("|")[1] for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    found = {address for row in rows for address in re.findall(r"`([^`]+)`", row)}
    return {_plain(address) for address in found if not address.startswith(NOT_ROUTED)}


def _plain(address: str) -> str:
    return re.sub(r"<[^>]*>", "<>", address).rstrip("/") or "/"


def test_every_address_that_is_named_exists(application: Flask, named: set[str]) -> None:
    routes = {_plain(rule.rule) for rule in application.url_map.iter_rules()}
    heads = {route[: end.start()] for route in routes for end in re.finditer("/|$", route)}
    assert named
    assert sorted(named - routes - heads) == []


def test_every_page_is_named_or_lies_below_one_that_is(application: Flask, named: set[str]) -> None:
    def is_named(route: str) -> bool:
        return route in named or any(route.startswith(f"{each}/") for each in named - {"/"})

    routes = {_plain(rule.rule) for rule in application.url_map.iter_rules()}
    assert sorted(route for route in routes if not is_named(route)) == []
