from collections.abc import Iterator

import pytest
from flask import Flask

from telehealth import socket_watch
from telehealth.video.relay import Relay
from tests.video.callers import WITHIN_S, Clinic


@pytest.fixture
def clinic(own_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    monkeypatch.setattr(socket_watch, "READ_EVERY_S", 0.05)
    watch = socket_watch.start(own_app)
    yield Clinic.open(own_app)
    table: Relay = own_app.extensions["telehealth.relay"]
    for entry in table.joined():
        table.drop(entry.sid)
    # The task that reads the rights again must not outlive its database.
    watch.stop()
    assert watch.is_over.wait(WITHIN_S)
