"""Built style sheets and scripts: looked up by their plain name, served with hashes and pre-compressed."""

import json
from functools import cache
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise

PROJECT = Path(__file__).resolve().parent.parent
BUILD = PROJECT / "static" / "build"
PREFIX = "/static/build/"


class AssetsMissing(Exception):
    """The style sheets and scripts were not built yet."""


@cache
def _manifest(path: Path) -> dict[str, str]:
    try:
        manifest: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssetsMissing(
            "The style sheets and scripts are not built. Run: make assets (make run does it too)."
        ) from None
    return manifest


def asset_url(name: str) -> str:
    """The address of a built file, for example "app.js". Raises KeyError for an unknown name."""
    return PREFIX + _manifest(BUILD / "manifest.json")[name]


def _protect(headers: Headers, _path: str, _url: str) -> None:
    # These answers pass by `security_headers`: a picture that is opened by itself must not run scripts either.
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Security-Policy"] = "script-src 'none'; object-src 'none'; frame-ancestors 'none'"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"


def register(app: Flask) -> None:
    app.jinja_env.globals["asset_url"] = asset_url
    served = WhiteNoise(
        app.wsgi_app,
        root=str(BUILD) if BUILD.is_dir() else None,
        prefix=PREFIX,
        # Every name but the manifest's holds a hash of its content.
        immutable_file_test=lambda _path, url: not url.endswith("manifest.json"),
        max_age=0,
        add_headers_function=_protect,
    )
    app.wsgi_app = served  # type: ignore[method-assign]
