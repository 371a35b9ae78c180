from collections.abc import Iterator

import pytest
from flask import Flask

from telehealth.video import sockets
from telehealth.video.relay import Relay
from tests.video.callers import Clinic, wait_until


@pytest.fixture
def clinic(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    monkeypatch.setattr(sockets, "RIGHTS_READ_EVERY_S", 0.05)
    yield Clinic.open(own_app)
    table: Relay = own_app.extensions["telehealth.relay"]
    for entry in table.joined():
        table.drop(entry.sid)
    # The task that reads the rights again must not outlive its database.
    wait_until(lambda: not own_app.extensions.get("telehealth.rights_watch"))
