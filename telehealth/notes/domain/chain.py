"""The hash that ties a signed version to its content and to the version before it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID


def version_hash(
    *,
    note_id: UUID,
    number: int,
    sections: Mapping[str, bytes],
    signed_by: str,
    signed_at: datetime,
    reason: bytes,
    previous_hash: str,
) -> str:
    """SHA-256 (hex) over the canonical JSON of a signed version and the hash before it ("" for the first).

    Sections by heading code, and the reason (b"" for none), as they are stored: sealed.
    """
    canonical = json.dumps(
        {
            "note": str(note_id),
            "number": number,
            "sections": {code: sealed.hex() for code, sealed in sorted(sections.items())},
            "signed_by": signed_by,
            "signed_at": signed_at.isoformat(),
            "reason": reason.hex(),
            "previous": previous_hash,
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()
