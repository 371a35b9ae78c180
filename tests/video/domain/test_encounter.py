import pytest

from telehealth.video.domain.encounter import (
    OVER,
    TRANSITIONS,
    EncounterEvent,
    EncounterStatus,
    next_status,
)

pytestmark = pytest.mark.domain


def test_a_consultation_from_start_to_end() -> None:
    status: EncounterStatus | None = EncounterStatus.PLANNED
    for event in (EncounterEvent.PATIENT_ARRIVED, EncounterEvent.ADMITTED, EncounterEvent.ENDED):
        assert status is not None
        status = next_status(status, event)
    assert status is EncounterStatus.FINISHED


def test_nobody_is_admitted_who_has_not_arrived() -> None:
    assert next_status(EncounterStatus.PLANNED, EncounterEvent.ADMITTED) is None


@pytest.mark.parametrize("event", sorted(set(EncounterEvent) - {EncounterEvent.REOPENED}))
@pytest.mark.parametrize("status", sorted(OVER))
def test_nothing_happens_after_the_end(status: EncounterStatus, event: EncounterEvent) -> None:
    assert next_status(status, event) is None


@pytest.mark.parametrize("status", sorted(OVER))
def test_it_is_open_again_where_the_patient_was_not_missing_after_all(status: EncounterStatus) -> None:
    assert next_status(status, EncounterEvent.REOPENED) is EncounterStatus.PLANNED


@pytest.mark.parametrize("status", sorted((EncounterStatus.ARRIVED, EncounterStatus.IN_PROGRESS)))
def test_whoever_is_there_is_not_made_to_come_again(status: EncounterStatus) -> None:
    assert next_status(status, EncounterEvent.REOPENED) is None


@pytest.mark.parametrize("status", sorted(set(EncounterStatus) - OVER))
def test_every_open_consultation_can_be_ended_and_cancelled(status: EncounterStatus) -> None:
    assert next_status(status, EncounterEvent.ENDED) is EncounterStatus.FINISHED
    assert next_status(status, EncounterEvent.CANCELLED) is EncounterStatus.CANCELLED


@pytest.mark.parametrize("event", [EncounterEvent.PATIENT_ARRIVED, EncounterEvent.ADMITTED])
def test_a_reload_and_a_double_click_change_nothing_in_a_call(event: EncounterEvent) -> None:
    assert next_status(EncounterStatus.IN_PROGRESS, event) is EncounterStatus.IN_PROGRESS


def test_every_status_but_the_last_ones_leads_on() -> None:
    leading_on = {status for status, event in TRANSITIONS if event is not EncounterEvent.REOPENED}
    assert leading_on == set(EncounterStatus) - OVER
