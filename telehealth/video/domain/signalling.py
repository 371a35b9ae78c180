"""What may travel between two browsers: shapes and sizes, checked before anything is relayed.

Descriptions and candidates stay opaque; only their bounds are ours. See `docs/signalling.md`.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from telehealth.video.domain.presence import MediaState

MAX_SDP_BYTES = 32 * 1024
MAX_CANDIDATES = 100
MAX_CANDIDATE_BYTES = 1024
DESCRIPTION_TYPES = ("offer", "answer", "rollback", "pranswer")


class Malformed(ValueError):
    """The payload is not what the protocol says; the text names the part."""


@dataclass(frozen=True, slots=True)
class Join:
    page: UUID
    audio: MediaState
    video: MediaState


def parse_join(payload: object) -> Join:
    """`{"page": uuid, "media": {"audio": …, "video": …}}`. Raises Malformed."""
    body = _object(payload, "payload")
    audio, video = parse_media(body.get("media"))
    return Join(parse_page(body.get("page")), audio, video)


def parse_page(value: object) -> UUID:
    if not isinstance(value, str) or len(value) != 36:
        raise Malformed("page")
    try:
        return UUID(value)
    except ValueError:
        raise Malformed("page") from None


def parse_media(value: object) -> tuple[MediaState, MediaState]:
    """`{"audio": …, "video": …}` as (audio, video). Raises Malformed."""
    body = _object(value, "media")
    audio, video = body.get("audio"), body.get("video")
    if not isinstance(audio, str) or not isinstance(video, str):
        raise Malformed("media")
    try:
        return MediaState(audio), MediaState(video)
    except ValueError:
        raise Malformed("media") from None


def check_signal(payload: object) -> tuple[str, str]:
    """Check a relay message; returns the (from, to) pages. Raises Malformed."""
    body = _object(payload, "payload")
    sender, receiver = body.get("from"), body.get("to")
    if (
        not isinstance(sender, str)
        or not isinstance(receiver, str)
        or len(sender) != 36
        or len(receiver) != 36
    ):
        raise Malformed("page")
    parts = body.keys() - {"from", "to"}
    if parts == {"description"}:
        _check_description(body["description"])
    elif parts == {"candidates"}:
        _check_candidates(body["candidates"])
    elif parts != {"restart"} or body["restart"] is not True:
        raise Malformed("payload")
    return sender, receiver


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(name)
    return value


def _check_description(value: object) -> None:
    body = _object(value, "description")
    sdp = body.get("sdp", "")
    if body.keys() - {"type", "sdp"} or body.get("type") not in DESCRIPTION_TYPES or not isinstance(sdp, str):
        raise Malformed("description")
    if len(sdp) > MAX_SDP_BYTES or len(sdp.encode("utf-8", "replace")) > MAX_SDP_BYTES:
        raise Malformed("description")


def _check_candidates(value: object) -> None:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_CANDIDATES:
        raise Malformed("candidates")
    for candidate in value:
        if candidate is None:  # the end of the candidates
            continue
        body = _object(candidate, "candidates")
        if body.keys() - {"candidate", "sdpMid", "sdpMLineIndex", "usernameFragment"}:
            raise Malformed("candidates")
        if not all(_is_candidate_part(part) for part in body.values()):
            raise Malformed("candidates")


def _is_candidate_part(part: object) -> bool:
    """A text, a small number or null. NaN and Infinity would break the JSON of the other side."""
    if isinstance(part, str):
        return len(part.encode("utf-8", "replace")) <= MAX_CANDIDATE_BYTES
    return part is None or (type(part) is int and 0 <= part < 2**16)
