from collections.abc import Iterator

import pytest

from tests.messages.mail_server import MailServer, run_mail_server


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with run_mail_server() as made:
        yield made
