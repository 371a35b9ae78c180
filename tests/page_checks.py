"""Every page that a test gets must be sound HTML and keep the promises of the design."""

import re
from collections import Counter
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

TYPED = {"text", "email", "password", "tel", "search", "number", "date", "radio", "checkbox", "file"}
NAMED_BY_LABEL = {"input", "select", "textarea"}
LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "video": "src"}


def parse_page(text: str) -> Element:
    """The document's tree; raises html5lib's ParseError on the first thing that is not HTML."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    page: Element = parser.parse(text)
    return page


def find_faults(text: str) -> list[str]:
    """What is wrong with a whole page, in words; empty when nothing is."""
    page = parse_page(text)
    everything = [element for element in page.iter() if isinstance(element.tag, str)]
    return [
        *_faults_of_outline(everything),
        *_faults_of_ids(everything),
        *_faults_of_fields(everything),
        *_faults_of_scripts(everything),
        *_faults_of_addresses(everything),
        *_faults_of_left_overs(text),
    ]


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _faults_of_outline(elements: list[Element]) -> list[str]:
    faults = []
    titles = [element for element in elements if element.tag == "title" and _words(element)]
    root = elements[0]
    hidden = {heading for element in elements if "hidden" in element.attrib for heading in element.iter("h1")}
    headings = [heading for heading in root.iter("h1") if heading not in hidden]
    if not titles:
        faults.append("the page has no <title>")
    if len(headings) != 1:
        faults.append(
            f"the page has {len(headings)} visible <h1>: {[_words(heading) for heading in headings]}"
        )
    if not root.get("lang"):
        faults.append("<html> has no lang")
    if not any(element.tag == "main" for element in elements):
        faults.append("the page has no <main>")
    return faults


def _faults_of_ids(elements: list[Element]) -> list[str]:
    counted = Counter(element.get("id") for element in elements if element.get("id"))
    faults = [f"the id {name!r} is used {count} times" for name, count in counted.items() if count > 1]
    for element in elements:
        for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            faults += [
                f"<{element.tag} {attribute}={name!r}> points at nothing"
                for name in element.get(attribute, "").split()
                if name not in counted
            ]
        href = element.get("href", "")
        if element.tag == "a" and href.startswith("#") and href != "#" and href[1:] not in counted:
            faults.append(f"the link to {href!r} leads nowhere")
    return faults


def _faults_of_fields(elements: list[Element]) -> list[str]:
    labelled = {element.get("for") for element in elements if element.tag == "label" and _words(element)}
    faults = []
    for field in elements:
        if field.tag not in NAMED_BY_LABEL or (
            field.tag == "input" and field.get("type", "text") not in TYPED
        ):
            continue
        if (
            field.get("id") not in labelled
            and not field.get("aria-label")
            and not field.get("aria-labelledby")
        ):
            faults.append(f"the field {field.get('name')!r} has no label")
    for form in (element for element in elements if element.tag == "form"):
        names = {inner.get("name") for inner in form.iter() if isinstance(inner.tag, str)}
        if form.get("method", "get").lower() == "post" and "csrf_token" not in names:
            faults.append(f"the form to {form.get('action', 'itself')!r} carries no csrf_token")
    for button in (element for element in elements if element.tag in ("button", "a")):
        images = [inner.get("alt", "") for inner in button.iter("img")]
        if not (_words(button) or button.get("aria-label") or button.get("aria-labelledby") or any(images)):
            faults.append(f"a <{button.tag}> has no words: {button.attrib}")
    return faults


def _faults_of_scripts(elements: list[Element]) -> list[str]:
    faults = []
    for element in elements:
        if element.tag == "script" and not element.get("nonce"):
            faults.append(f"a <script> has no nonce: {element.attrib}")
        if element.tag == "style":
            faults.append("the page has a <style>: the content security policy would drop it")
        inline = [name for name in element.attrib if name == "style" or name.startswith("on")]
        faults += [f"<{element.tag}> has an inline {name!r}" for name in inline]
    return faults


def _faults_of_addresses(elements: list[Element]) -> list[str]:
    """Nothing is loaded from, and no form is sent to, an origin that is not ours. Plain links may lead away."""
    faults = []
    for element in elements:
        loaded = element.get(LOADS.get(str(element.tag), ""), "")
        for address in (loaded, element.get("action", "") if element.tag == "form" else ""):
            parts = urlsplit(address)
            is_canonical = element.tag == "link" and element.get("rel") in ("canonical", "alternate")
            if not is_canonical and (parts.netloc or parts.scheme not in ("", "data")):
                faults.append(f"<{element.tag}> uses another origin: {address}")
    return faults


def _faults_of_left_overs(text: str) -> list[str]:
    """Template code or Python values that were shown to a person."""
    visible = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    signs = ("{{", "{%", "%(", ">None<", "Undefined", "&lt;bound method", "&lt;telehealth.", "object at 0x")
    return [f"the page shows {sign!r}" for sign in signs if sign in visible]


def posted_forms(text: str) -> list[Element]:
    """The forms of the page's main part; the one in the header, which signs out, is on every page."""
    forms = (form for main in parse_page(text).iter("main") for form in main.iter("form"))
    return [form for form in forms if form.get("method", "get").lower() == "post"]


def fields_of(text: str, *, form: int = 0) -> dict[str, str]:
    """What a browser would send for the page's nth posted form if nothing were typed."""
    values: dict[str, str] = {}
    for field in posted_forms(text)[form].iter():
        name = field.get("name")
        if not name or field.tag not in NAMED_BY_LABEL:
            continue
        if field.tag == "textarea":
            values[name] = "".join(field.itertext())
        elif field.tag == "select":
            chosen = [option for option in field.iter("option") if "selected" in option.attrib]
            values[name] = (chosen or list(field.iter("option")))[0].get("value", "")
        elif field.get("type") not in ("radio", "checkbox", "submit") or "checked" in field.attrib:
            values[name] = field.get("value", "")
    return values


class CheckedClient(FlaskClient):
    """Flask's test client with the page checks; `get_page` and `submit` are what most tests use."""

    def get_page(self, address: str, *, status: int = 200) -> str:
        """GET, follow redirects, check status and HTML; returns the text of the page."""
        return self._checked(self.get(address, follow_redirects=True), status)

    def submit(
        self, address: str, values: dict[str, Any] | None = None, *, form: int = 0, status: int = 200
    ) -> str:
        """Open the page, fill in its nth posted form as a browser would, send it, follow redirects."""
        text = self.get_page(address)
        target = posted_forms(text)[form].get("action") or address
        sent = {**fields_of(text, form=form), **(values or {})}
        return self._checked(self.post(target, data=sent, follow_redirects=True), status)

    def _checked(self, response: TestResponse, status: int) -> str:
        text = response.get_data(as_text=True)
        assert response.status_code == status, f"{response.request.path}: {response.status}\n{text[:2000]}"
        faults = find_faults(text)
        assert not faults, f"{response.request.path}:\n" + "\n".join(faults)
        return text


# Keys, tokens and instants to the microsecond: now and then one of them holds any four digits.
_RANDOM = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+]\d\d:\d\d)?"
    r"|[A-Za-z0-9_-]{12,}(?:\.[A-Za-z0-9_-]{4,})+"
    r"|(?<=nonce=\")[^\"]+"
)


def without_random(page: str) -> str:
    """What a page says, in its text and in its attributes, for tests that a date or a number is not among it."""
    return _RANDOM.sub("", page)
