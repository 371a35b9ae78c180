"""Every action that the code records has a group to be found by, and words."""

import ast
from pathlib import Path

import pytest
from flask import Flask

import telehealth
from telehealth.admin.audit_presenters import action_text
from telehealth.audit.domain.actions import ACTIONS, Group, actions_in
from telehealth.booking.domain.appointment import AppointmentStatus

pytestmark = pytest.mark.service

RECORDERS = {"record_event": 2, "_record": 2, "_record_opening": 1}


def recorded_actions() -> set[str]:
    """The texts that look like an action in calls that record one."""
    found = {f"appointment.{status.value}" for status in AppointmentStatus}
    for path in sorted(Path(telehealth.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RECORDERS:
                for argument in node.args[: RECORDERS[node.func.id] + 1]:
                    found |= {
                        inner.value
                        for inner in ast.walk(argument)
                        if isinstance(inner, ast.Constant)
                        and isinstance(inner.value, str)
                        and "." in inner.value
                    }
    return {action for action in found if not action.endswith(".")}


def test_every_recorded_action_has_a_group() -> None:
    assert recorded_actions() - set(ACTIONS) == set()


def test_no_group_is_empty() -> None:
    assert all(actions_in(group) for group in Group)


def test_every_action_has_words(app: Flask) -> None:
    with app.test_request_context():
        without = {action for action in ACTIONS if action_text(action) == action}
    assert not without
