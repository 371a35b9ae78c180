"""What browsers show, ask for and keep while people use the service: addresses, titles, referrers, storage, cookies."""

import base64
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from playwright.sync_api import Browser, BrowserContext, Page, Request, WebSocket

from tests import chromium

_TELL_TITLES = """
(() => {
  const tell = () => window.__tellTitle(document.title)
  document.addEventListener('DOMContentLoaded', () => {
    tell()
    new MutationObserver(tell).observe(document.head, { childList: true, subtree: true, characterData: true })
  })
})()
"""
_DUMP_STORAGE = """async () => ({
  local: { ...localStorage },
  session: { ...sessionStorage },
  databases: (await indexedDB.databases()).map((database) => database.name),
  caches: await caches.keys(),
  name: window.name,
  history: JSON.stringify(history.state)
})"""


@dataclass
class Watched:
    """Everything of one browser profile, as texts."""

    context: BrowserContext
    urls: set[str] = field(default_factory=set)
    sockets: set[str] = field(default_factory=set)
    titles: set[str] = field(default_factory=set)
    requests: list[Request] = field(default_factory=list)
    # What its cookies held, and which sign-in tokens were among it.
    cookies: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    storage: list[str] = field(default_factory=list)
    referrers: set[str] = field(default_factory=set)

    def open_page(self) -> Page:
        page = self.context.new_page()
        page.on("framenavigated", lambda frame: self.urls.add(unquote_plus(frame.url)))
        page.on("websocket", self._note_socket)
        return page

    def look(self, page: Page) -> None:
        """Note what the browser holds at this moment."""
        self.storage.append(json.dumps(page.evaluate(_DUMP_STORAGE), ensure_ascii=False))
        for cookie in self.context.cookies():
            payload = read_cookie(cookie.get("value", ""))
            if isinstance(payload, dict):
                token = payload.pop("_user_id", None)
                self.tokens |= {token} if token else set()
            self.cookies.add(f"{cookie.get('name')}={json.dumps(payload, ensure_ascii=False)}")

    def read_headers(self) -> None:
        """Before the profile is closed: what each request said about the page before."""
        for request in self.requests:
            referrer = request.headers.get("referer", "")
            self.referrers.add(unquote_plus(referrer))

    def _note_socket(self, socket: WebSocket) -> None:
        self.sockets.add(unquote_plus(socket.url))


@contextmanager
def watch(browser: Browser, base_url: str, *, width: int = 1280) -> Iterator[Watched]:
    context = chromium.new_context(browser, base_url, width=width)
    watched = Watched(context)
    context.expose_binding("__tellTitle", lambda _source, title: watched.titles.add(title))
    context.add_init_script(_TELL_TITLES)
    context.on("request", lambda request: _note_request(watched, request))
    try:
        yield watched
        watched.read_headers()
    finally:
        context.close()


def _note_request(watched: Watched, request: Request) -> None:
    watched.urls.add(unquote_plus(request.url))
    watched.requests.append(request)


def read_cookie(value: str) -> Any:
    """The payload of a signed cookie of Flask, which anybody with the browser can read; else the value itself."""
    is_packed = value.startswith(".")
    body = value.lstrip(".").split(".")[0]
    try:
        payload = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        return json.loads(zlib.decompress(payload) if is_packed else payload)
    except ValueError:
        return value
