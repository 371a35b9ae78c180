"""axe-core on the page as it stands."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def expect_accessible(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    faults = [
        f"{violation['id']}: {violation['help']}\n    {node['html'][:150]}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]
    assert not faults, "\n".join([page.url, *faults])
