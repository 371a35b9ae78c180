from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telehealth.video.domain.bucket import Bucket
from telehealth.video.domain.presence import MediaState
from telehealth.video.domain.signalling import (
    MAX_CANDIDATES,
    MAX_SDP_BYTES,
    Malformed,
    check_signal,
    parse_join,
)

pytestmark = pytest.mark.domain

ONE, OTHER = str(uuid4()), str(uuid4())
CANDIDATE = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}


def signal(**parts: Any) -> dict[str, Any]:
    return {"from": ONE, "to": OTHER, **parts}


@pytest.mark.parametrize(
    "body",
    [
        signal(description={"type": "offer", "sdp": "v=0\r\n"}),
        signal(description={"type": "rollback"}),
        signal(candidates=[CANDIDATE, None]),
        signal(restart=True),
    ],
)
def test_what_browsers_send_passes(body: dict[str, Any]) -> None:
    assert check_signal(body) == (ONE, OTHER)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "offer",
        {},
        signal(),
        {"to": OTHER, "restart": True},
        {"from": ONE, "to": 5, "restart": True},
        {"from": ONE, "to": "short", "restart": True},
        signal(restart=1),
        signal(restart=True, candidates=[]),
        signal(description=None),
        signal(description={"type": "bad", "sdp": ""}),
        signal(description={"type": ["offer"], "sdp": ""}),
        signal(description={"type": "offer", "sdp": 7}),
        signal(description={"type": "offer", "sdp": "v=0", "extra": 1}),
        signal(description={"type": "offer", "sdp": "x" * (MAX_SDP_BYTES + 1)}),
        signal(description={"type": "offer", "sdp": "é" * MAX_SDP_BYTES}),
        signal(candidates=[]),
        signal(candidates="candidate"),
        signal(candidates=["candidate"]),
        signal(candidates=[{**CANDIDATE, "candidate": "x" * 2000}]),
        signal(candidates=[{**CANDIDATE, "candidate": {"deep": {}}}]),
        signal(candidates=[{"other": 1}]),
        signal(candidates=[CANDIDATE] * (MAX_CANDIDATES + 1)),
        signal(unknown=1),
    ],
)
def test_everything_else_is_refused(body: object) -> None:
    with pytest.raises(Malformed):
        check_signal(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(body=JSON, kind=st.sampled_from(["description", "candidates", "restart"]))
def test_any_json_is_either_fine_or_malformed(body: Any, kind: str) -> None:
    for payload in (body, signal(**{kind: body})):
        for parse in (check_signal, parse_join):
            try:
                parse(payload)
            except Malformed:
                continue


def test_a_join_names_its_page_and_its_media() -> None:
    page = uuid4()
    join = parse_join({"page": str(page), "media": {"audio": "on", "video": "refused"}})
    assert (join.page, join.audio, join.video) == (page, MediaState.ON, MediaState.REFUSED)


def test_a_bucket_runs_empty_and_fills_again() -> None:
    bucket = Bucket.full(2, 1, now_s=10)
    assert [bucket.take(10), bucket.take(10), bucket.take(10)] == [True, True, False]
    assert bucket.take(11)
    assert not bucket.take(11.5)
