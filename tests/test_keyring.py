import base64
from base64 import b64encode

import pytest

from telehealth.keyring import KEY_BYTES, KeyRing, KeyRingError, new_key_line

pytestmark = pytest.mark.domain


def line(name: str, first: int) -> str:
    """Always the same key: names of tests hold it."""
    return f"{name}:{b64encode(bytes(range(first, first + KEY_BYTES))).decode()}"


FIRST, SECOND = line("2027-02", 0), line("2027-01", 100)


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST}\n{SECOND}",
        f"{FIRST},{SECOND}",
        f"\n# new\n  {FIRST}  \n\n# old\n{SECOND}\n",
        f"{FIRST}\r\n{SECOND}",
    ],
)
def test_the_first_key_is_the_active_one(text: str) -> None:
    ring = KeyRing.parse(text)
    assert (ring.active, list(ring.keys)) == ("2027-02", ["2027-02", "2027-01"])
    assert {len(key) for key in ring.keys.values()} == {KEY_BYTES}
    assert len(set(ring.keys.values())) == 2


def test_each_new_key_is_another_one() -> None:
    assert new_key_line("a") != new_key_line("a")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "There is no key"),
        ("# only a remark\n", "There is no key"),
        (FIRST.partition(":")[2], "Entry 1 is not written as name:key"),
        (f"{FIRST}\nnot a name:{SECOND.partition(':')[2]}", "Entry 2 is not written as name:key"),
        (f"{'n' * 41}:{FIRST.partition(':')[2]}", "Entry 1 is not written as name:key"),
        (f"{FIRST}\n{FIRST}", "'2027-02' is there twice"),
        ("short:c2hvcnQ=", "'short' is not 32 random bytes"),
        (f"long:{base64.b64encode(bytes(range(33))).decode()}", "'long' is not 32 random bytes"),
        ("open:", "'open' is not 32 random bytes"),
        ("signs:????", "'signs' is not 32 random bytes"),
        (f"zeros:{base64.b64encode(bytes(32)).decode()}", "'zeros' is not 32 random bytes"),
    ],
)
def test_a_wrong_entry_is_named_with_what_to_do(text: str, words: str) -> None:
    with pytest.raises(KeyRingError) as refusal:
        KeyRing.parse(text)
    assert words in str(refusal.value)


def test_no_message_holds_a_key() -> None:
    secret = FIRST.partition(":")[2]
    for text in (f"{FIRST}\n{FIRST}", f"wrong name:{secret}", f"half:{secret[:20]}", secret):
        with pytest.raises(KeyRingError) as refusal:
            KeyRing.parse(text)
        assert secret[:20] not in str(refusal.value)
    assert secret not in repr(KeyRing.parse(FIRST))
    assert repr(base64.b64decode(secret)) not in repr(KeyRing.parse(FIRST))
