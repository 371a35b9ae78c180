"""Deny by default: what nobody declared a policy for does not get in."""

from typing import Any

import pytest
from flask import Flask
from socketio import Server
from werkzeug.routing import Rule

from telehealth.guards import ANYONE, event_policies, policy_of
from tests.page_checks import CheckedClient

# Answers what nobody declared with an error.
CATCH_ALL = "*"
ANY_KEY = "00000000-0000-4000-8000-000000000000"

pytestmark = pytest.mark.web


def test_every_route_declares_who_may_use_it(app: Flask) -> None:
    without = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if policy_of(app.view_functions[rule.endpoint]) is None
    }
    assert not without


def test_every_socket_event_declares_who_may_send_it(app: Flask) -> None:
    events = {name for handlers in _server(app).handlers.values() for name in handlers}
    assert events - {CATCH_ALL} == set(event_policies)


def test_only_one_namespace_is_open(app: Flask) -> None:
    assert set(_server(app).handlers) == {"/"}
    assert not _server(app).namespace_handlers


def test_nobody_gets_in_without_signing_in(app: Flask, client: CheckedClient) -> None:
    entered = []
    for rule in app.url_map.iter_rules():
        if policy_of(app.view_functions[rule.endpoint]) is ANYONE:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = client.open(_address(app, rule), method=method)
            is_sent_to_sign_in = answer.status_code in (302, 303) and "/sign-in" in answer.headers["Location"]
            if not is_sent_to_sign_in and answer.status_code not in (400, 401, 403, 404):
                entered.append(f"{method} {rule.rule}: {answer.status}")
    assert not entered


def _address(app: Flask, rule: Rule) -> str:
    with app.test_request_context():
        values: dict[str, Any] = dict.fromkeys(rule.arguments, ANY_KEY)
        return app.url_for(rule.endpoint, **values)


def _server(app: Flask) -> Server:
    server = app.extensions["socketio"].server
    assert isinstance(server, Server)
    return server
