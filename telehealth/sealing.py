"""Text that is stored sealed: AES-256-GCM with a key for each row, which is wrapped by the key ring.

A column type cannot know its row, so sealing is an attribute of the model (ADR 8): the ciphertext is bound to its
table, column and row (associated data), so that one that was moved elsewhere does not open.
"""

import hashlib
import hmac
import os
from typing import Any, Self, overload
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import LargeBinary, String, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, declared_attr, foreign, mapped_column, relationship

from telehealth.db import Base, Keyed
from telehealth.keyring import KEY_BYTES, KeyRing

FORMAT = b"\x01"
NONCE_BYTES = 12
# The row that holds the key of the lookups by phone and e-mail.
LOOKUP_TABLE, LOOKUP_ROW = "lookup", UUID(int=0)

_installed: list[KeyRing] = []


class SealBroken(Exception):
    """A ciphertext or a row's key was altered, or stands where it does not belong."""


class KeyMissing(Exception):
    """The key ring lacks a key, or was not installed."""


def install(ring: KeyRing) -> None:
    """Give this process its keys; before this nothing can be sealed or opened."""
    _installed[:] = [ring]


def ring() -> KeyRing:
    if not _installed:
        raise KeyMissing("No key ring is installed. Set TELEHEALTH_KEYS or TELEHEALTH_KEYS_FILE.")
    return _installed[0]


class RowKey(Base):
    """A row's key, wrapped under a key of the ring. Rotating keys changes these rows alone."""

    __tablename__ = "row_key"

    row_id: Mapped[UUID] = mapped_column(primary_key=True)
    table_name: Mapped[str] = mapped_column(String(63))
    ring_key_id: Mapped[str] = mapped_column(String(40), index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)

    # For the attribute that is no column.
    __allow_unmapped__ = True

    # Unwrapped once for each loaded row.
    _opened: bytes | None = None

    @classmethod
    def make(cls, table: str, row_id: UUID) -> Self:
        made = cls(row_id=row_id, table_name=table)
        made.wrap(os.urandom(KEY_BYTES))
        return made

    def wrap(self, key: bytes) -> None:
        """Wrap the row's key under the active key of the ring."""
        self.ring_key_id = ring().active
        self.wrapped = seal(ring().keys[self.ring_key_id], key, self._place())
        self._opened = key

    def open(self) -> bytes:
        """The row's key. Raises KeyMissing and SealBroken."""
        if self._opened is None:
            ring_key = ring().keys.get(self.ring_key_id)
            if ring_key is None:
                raise KeyMissing(
                    f"The key ring lacks the key {self.ring_key_id!r}. Add its line to TELEHEALTH_KEYS again."
                )
            self._opened = unseal(ring_key, self.wrapped, self._place())
        return self._opened

    def _place(self) -> str:
        return place_of("row_key", self.table_name, self.row_id)


class SealedRow(Keyed):
    """A row with sealed text. Its key (of the database) is known from the start: ciphertexts are bound to it."""

    @declared_attr
    @classmethod
    def row_key(cls) -> Mapped[RowKey | None]:
        return relationship(
            RowKey,
            primaryjoin=lambda: cls.id == foreign(RowKey.row_id),
            # In the same query: no second one for each row, and readable after the session was closed.
            lazy="joined",
            uselist=False,
            # Not "delete-orphan": each sealed table is a parent, and a key has one of them.
            cascade="all",
            overlaps="row_key",
        )


@event.listens_for(SealedRow, "init", propagate=True)
def _name_row(_target: SealedRow, _args: object, values: dict[str, Any]) -> None:
    """The constructor sets attributes in the order of its arguments: the row's key must come before its texts."""
    given = dict(values)
    values.clear()
    values["id"] = given.pop("id", None) or uuid4()
    values.update(given)


class EncryptedText:
    """An attribute whose text is stored sealed in the column `<name>_sealed`; "" is stored as NULL."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._column = f"{name}_sealed"

    @overload
    def __get__(self, row: None, owner: type) -> Self: ...
    @overload
    def __get__(self, row: SealedRow, owner: type) -> str: ...
    def __get__(self, row: SealedRow | None, owner: type) -> Self | str:
        if row is None:
            return self
        sealed: bytes | None = getattr(row, self._column)
        if sealed is None:
            return ""
        if row.row_key is None:
            raise SealBroken(f"The key of {_place(row, self._column)} is gone.")
        return unseal(row.row_key.open(), sealed, _place(row, self._column)).decode("utf-8")

    def __set__(self, row: SealedRow, text: str | None) -> None:
        if not text:
            setattr(row, self._column, None)
            return
        if row.row_key is None:
            row.row_key = RowKey.make(_table(row), row.id)
        sealed = seal(row.row_key.open(), text.encode("utf-8", "replace"), _place(row, self._column))
        setattr(row, self._column, sealed)


def hash_contact(session: Session, kind: str, value: str) -> bytes:
    """The keyed hash under which a phone number (E.164), its last four digits or an e-mail is found again."""
    return keyed_hash(_lookup_key(session), kind, value)


def keyed_hash(key: bytes, kind: str, value: str) -> bytes:
    return hmac.digest(key, f"{kind}:{value.strip().casefold()}".encode("utf-8", "replace"), hashlib.sha256)


def _lookup_key(session: Session) -> bytes:
    """The key of this database's lookups, made when it is first needed."""
    found = session.get(RowKey, LOOKUP_ROW)
    if found is None:
        try:
            with session.begin_nested():
                session.add(RowKey.make(LOOKUP_TABLE, LOOKUP_ROW))
        except IntegrityError:
            pass  # somebody else made it at the same moment
        found = session.scalars(select(RowKey).where(RowKey.row_id == LOOKUP_ROW)).one()
    return found.open()


def _table(row: SealedRow) -> str:
    return str(row.__tablename__)  # type: ignore[attr-defined]


def _place(row: SealedRow, column: str) -> str:
    # Of the row itself, not of its key: a key that was moved here with its text must not open it.
    return place_of(_table(row), column, row.id)


def place_of(table: str, column: str, row_id: UUID) -> str:
    """Where something sealed belongs: its associated data, and its name in errors."""
    return f"{table}/{column}/{row_id}"


def seal(key: bytes, content: bytes, place: str) -> bytes:
    """Format, nonce, ciphertext and tag."""
    nonce = os.urandom(NONCE_BYTES)
    return FORMAT + nonce + AESGCM(key).encrypt(nonce, content, place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """The content. Raises SealBroken."""
    start = len(FORMAT)
    nonce, content = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
    if not sealed.startswith(FORMAT) or len(nonce) < NONCE_BYTES:
        raise SealBroken(f"{place} is not in the sealed format.")
    try:
        return AESGCM(key).decrypt(nonce, content, place.encode())
    except InvalidTag:
        raise SealBroken(
            f"{place} does not open: it was altered or moved there from another place, or a key of the ring "
            "has the name of another one."
        ) from None
