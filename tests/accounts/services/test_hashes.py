"""How passwords are stored by the service itself: the other tests use the same algorithm at the least cost."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.service

HASH = "from telehealth.accounts.services import password as p; print(p.hash_password('lantern river stone')); print(p._NOBODY)"


def test_passwords_are_hashed_with_argon2id_as_owasp_asks_and_nobodys_costs_the_same() -> None:
    run = subprocess.run([sys.executable, "-c", HASH], capture_output=True, text=True, check=True)
    somebody, nobody = run.stdout.split()
    # At least 19 MiB and two rounds (OWASP); an unknown e-mail takes as long as a known one.
    assert somebody.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert nobody.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
