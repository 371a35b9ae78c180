"""As much of a browser as an attack needs: cookies, forms, and two answers that are waited for at once."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

# What a form sends; a list for a field that is sent several times.
Fields = Mapping[str, str | list[str]]
PATIENCE_S = 60.0
LOST = "lost"


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` as text; LOST where the server was gone before it said anything."""

    status: str
    path: str = ""
    page: str = ""

    @property
    def is_redirect(self) -> bool:
        return self.status in ("302", "303")


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, and what it sends when nobody touches it."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(had.get("action", "")))
        name = had.get("name", "")
        if not self.forms or not name or tag not in ("input", "textarea", "select", "button"):
            return
        form, value, kind = self.forms[-1], had.get("value", ""), had.get("type", "text")
        if tag == "button" or kind in ("radio", "checkbox", "submit"):
            form.choices.setdefault(name, []).append(value)
            if "checked" in had:
                form.fields[name] = value
        else:
            form.fields[name] = value


def read_forms(page: str) -> list[Form]:
    reader = _FormReader()
    reader.feed(page)
    return reader.forms


class Browser:
    """One person's, with `cookie` from the sign-in."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self._port = port
        self._cookies = SimpleCookie(cookie)
        self._spare: list[HTTPConnection] = []

    @property
    def cookie(self) -> str:
        """What it sends: another browser with it is another window of the same person."""
        return "; ".join(f"{morsel.key}={morsel.coded_value}" for morsel in self._cookies.values())

    def get(self, path: str) -> Answer:
        return self._finish(self._begin("GET", path))

    def post(self, path: str, fields: Fields) -> Answer:
        return self._finish(self._begin("POST", path, fields))

    def post_twice(self, path: str, fields: Fields) -> tuple[Answer, Answer]:
        """A double click: both are on their way before either is answered."""
        first, second = self._begin("POST", path, fields), self._begin("POST", path, fields)
        return self._finish(first), self._finish(second)

    def post_and_leave(self, path: str, fields: Fields) -> None:
        """Whoever closes the page does not wait for the answer."""
        connection = self._begin("POST", path, fields)
        if connection is not None:
            connection.close()

    def close(self) -> None:
        for connection in self._spare:
            connection.close()
        self._spare.clear()

    def _begin(self, method: str, path: str, fields: Fields | None = None) -> HTTPConnection | None:
        # A kept connection may be that of a worker which is dead by now: the request is lost, as at any time.
        connection = (
            self._spare.pop() if self._spare else HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        )
        headers = {
            "Host": f"localhost:{self._port}",
            "Cookie": self.cookie,
        }
        body = None
        if fields is not None:
            body = urlencode(fields, doseq=True)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"http://localhost:{self._port}"
        try:
            connection.request(method, path, body, headers)
        except (HTTPException, OSError):
            connection.close()
            return None
        return connection

    def _finish(self, connection: HTTPConnection | None) -> Answer:
        if connection is None:
            return Answer(LOST)
        try:
            response = connection.getresponse()
            page = response.read().decode("utf-8", "replace")
        except (HTTPException, OSError):
            with suppress(OSError):
                connection.close()
            return Answer(LOST)
        for line in response.headers.get_all("Set-Cookie") or ():
            self._cookies.load(line)
        self._spare.append(connection)
        place = urlsplit(response.headers.get("Location") or "")
        return Answer(str(response.status), place.path, page)
