"""The key ring of this run: of the tests' own process, and of the servers that it starts."""

from telehealth.keyring import KeyRing, new_key_line

KEY_LINE = new_key_line("tests")
KEY_RING = KeyRing.parse(KEY_LINE)
