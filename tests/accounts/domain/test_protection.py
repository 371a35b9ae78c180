"""When a protected patient may be contacted."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.accounts.domain.protection import At, Never, Now, SafeContact, when_to_contact
from tests.factories import at

pytestmark = pytest.mark.domain


def safe(
    first: str | None = None,
    last: str | None = None,
    *,
    is_phone_safe: bool = True,
    is_email_safe: bool = False,
) -> SafeContact:
    return SafeContact(
        is_phone_safe=is_phone_safe,
        is_email_safe=is_email_safe,
        safe_from=time.fromisoformat(first) if first else None,
        safe_until=time.fromisoformat(last) if last else None,
        time_zone="Europe/London",
    )


def test_somebody_who_is_not_protected_may_be_contacted_at_once() -> None:
    assert when_to_contact([], "phone", at("2027-01-12 03:00")) == Now()


def test_a_channel_that_is_not_safe_is_never_used() -> None:
    assert when_to_contact([safe()], "email", at("2027-01-12 12:00")) == Never()
    assert when_to_contact([safe()], "phone", at("2027-01-12 12:00")) == Now()


@pytest.mark.parametrize(
    ("first", "last", "moment", "expected"),
    [
        ("09:00", "17:00", "2027-01-12 09:00", Now()),
        ("09:00", "17:00", "2027-01-12 16:59", Now()),
        ("09:00", "17:00", "2027-01-12 17:00", At(at("2027-01-13 09:00"))),
        ("09:00", "17:00", "2027-01-12 08:59", At(at("2027-01-12 09:00"))),
        # In summer the clocks of the service are an hour ahead.
        ("09:00", "17:00", "2027-07-12 07:30", At(at("2027-07-12 08:00"))),
        # Over midnight.
        ("22:00", "02:00", "2027-01-12 23:00", Now()),
        ("22:00", "02:00", "2027-01-12 01:59", Now()),
        ("22:00", "02:00", "2027-01-12 02:00", At(at("2027-01-12 22:00"))),
        # The hour that the clocks skip on 28 March 2027: the next day has it.
        ("01:15", "01:45", "2027-03-28 00:30", At(at("2027-03-29 00:15"))),
        # The hour that comes twice on 31 October 2027.
        ("01:15", "01:45", "2027-10-31 00:20", Now()),
        ("01:15", "01:45", "2027-10-31 01:20", Now()),
    ],
)
def test_hours_are_the_local_ones_of_the_service(
    first: str, last: str, moment: str, expected: Now | At
) -> None:
    assert when_to_contact([safe(first, last)], "phone", at(moment)) == expected


def test_what_two_services_recorded_must_both_be_kept() -> None:
    rules = [safe("09:00", "12:00"), safe("11:00", "17:00")]
    assert when_to_contact(rules, "phone", at("2027-01-12 10:00")) == At(at("2027-01-12 11:00"))
    assert when_to_contact(rules, "phone", at("2027-01-12 11:30")) == Now()
    assert when_to_contact([safe("09:00", "10:00"), safe("11:00", "12:00")], "phone", rules_at()) == Never()
    assert when_to_contact([safe(), safe(is_phone_safe=False)], "phone", rules_at()) == Never()


def rules_at() -> datetime:
    return at("2027-01-12 09:30")


FIRST = at("2027-01-01 00:00").replace(tzinfo=None)
HOURS = st.times().map(lambda hour: hour.replace(second=0, microsecond=0))


@given(
    first=HOURS,
    last=HOURS,
    moment=st.datetimes(min_value=FIRST, max_value=FIRST + timedelta(days=365), timezones=st.just(UTC)),
)
def test_whatever_is_sent_goes_out_in_a_safe_hour(first: time, last: time, moment: datetime) -> None:
    rule = safe(first.isoformat(), last.isoformat())
    answer = when_to_contact([rule], "phone", moment)
    if answer == Now():
        assert rule.is_safe_at(moment)
    elif isinstance(answer, At):
        assert moment < answer.instant < moment + timedelta(days=3)
        assert rule.is_safe_at(answer.instant)
        assert not rule.is_safe_at(moment)
    else:
        assert first == last
