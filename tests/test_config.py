import secrets
from base64 import b64encode
from pathlib import Path

import pytest

from telehealth.config import Config, ConfigError

pytestmark = pytest.mark.domain

SECRET = "a random text of more than 32 characters: 4711"
# Always the same one: names of tests hold it.
KEYS = "2027-01:" + b64encode(bytes(range(32))).decode()
RIGHT = {
    "TELEHEALTH_BASE_URL": "https://consult.example.org",
    "TELEHEALTH_SECRET_KEY": SECRET,
    "TELEHEALTH_KEYS": KEYS,
}


def read(tmp_path: Path, **changes: str) -> Config:
    return Config.from_environment(
        {"TELEHEALTH_INSTANCE_PATH": str(tmp_path / "instance"), **RIGHT, **changes}
    )


def test_the_least_that_must_be_set_is_enough(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert config.database_url == f"sqlite:///{tmp_path / 'instance' / 'telehealth.sqlite3'}"
    assert (config.is_https, config.is_demo, config.port, config.threads) == (True, False, 5000, 256)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEHEALTH_BASE_URL", ""),
        ("TELEHEALTH_BASE_URL", "consult.example.org"),
        ("TELEHEALTH_BASE_URL", "ftp://consult.example.org"),
        ("TELEHEALTH_BASE_URL", "https://"),
        ("TELEHEALTH_BASE_URL", "https://consult.example.org/path"),
        ("TELEHEALTH_BASE_URL", "https://consult.example.org?query=1"),
        ("TELEHEALTH_BASE_URL", "https://consult.example.org#part"),
        ("TELEHEALTH_BASE_URL", "http://consult.example.org"),
        ("TELEHEALTH_BASE_URL", "http://localhost.example.org"),
        ("TELEHEALTH_BASE_URL", "https://[consult"),
        ("TELEHEALTH_BASE_URL", "http://localhost:99999"),
        ("TELEHEALTH_BASE_URL", "http://localhost:port"),
        ("TELEHEALTH_SECRET_KEY", ""),
        ("TELEHEALTH_SECRET_KEY", "too short"),
        ("TELEHEALTH_SECRET_KEY", "changeme"),
        ("TELEHEALTH_SECRET_KEY", "x" * 40),
        ("TELEHEALTH_SECRET_KEY", "0123456789abcdef" * 4),
        ("TELEHEALTH_SECRET_KEY", "abcdefghijklmnopqrstuvwxyz0123456789"),
        ("TELEHEALTH_SECRET_KEY", "my-super-secret-flask-secret-key-please-change-me"),
        ("TELEHEALTH_SECRET_KEY", "you-will-never-guess-this-secret-key-123"),
        ("TELEHEALTH_SECRET_KEY", "0" * 60 + "beef"),
        ("TELEHEALTH_SECRET_KEY", "qwertyuiopasdfghjklzxcvbnm123456"),
        ("TELEHEALTH_SECRET_KEY", "abcdefghijkl1234abcdefghijkl1234abc"),
        ("TELEHEALTH_SECRET_KEY", "CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET"),
        ("TELEHEALTH_SECRET_KEY", "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf"),
        ("FLASK_DEBUG", "1"),
        ("TELEHEALTH_DEBUG", "true"),
        ("TELEHEALTH_ORIGINS", "*"),
        ("TELEHEALTH_ORIGINS", "https://*.example.org"),
        ("TELEHEALTH_ORIGINS", "https://consult.example.org, http://other.example.org"),
        ("TELEHEALTH_ORIGINS", "https://consult.example.org/path"),
        ("TELEHEALTH_KEYS", ""),
        ("TELEHEALTH_KEYS", "no key at all"),
        ("TELEHEALTH_KEYS", "short:c2hvcnQ="),
        ("TELEHEALTH_KEYS", "zeros:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("TELEHEALTH_KEYS", f"{KEYS}\n{KEYS}"),
        ("TELEHEALTH_KEYS_FILE", "/no/such/file"),
        ("TELEHEALTH_DATABASE_URL", "mysql://localhost/telehealth"),
        ("TELEHEALTH_DATABASE_URL", "telehealth.sqlite3"),
        ("TELEHEALTH_DATABASE_URL", "sqlite://"),
        ("TELEHEALTH_DATABASE_URL", "postgresql://localhost:port/telehealth"),
        ("TELEHEALTH_REDIS_URL", "redis://localhost:6379"),
        ("TELEHEALTH_TURN_URLS", "https://turn.example.org"),
        ("TELEHEALTH_TURN_URLS", "stun:stun.example.org,turn.example.org"),
        ("TELEHEALTH_SMTP_URL", "mail.example.org"),
        ("TELEHEALTH_SMTP_URL", "https://mail.example.org"),
        ("TELEHEALTH_SMTP_URL", "smtp://mail.example.org:port"),
        ("TELEHEALTH_SMTP_URL", "smtp://mail.example.org/path"),
        ("TELEHEALTH_MAIL_FROM", "no address"),
        ("TELEHEALTH_MAIL_FROM", "a@example.org\r\nBcc: b@example.org"),
        ("TELEHEALTH_THREADS", "0"),
        ("TELEHEALTH_THREADS", "many"),
        ("TELEHEALTH_THREADS", "1e3"),
        ("TELEHEALTH_THREADS", "²56"),
        ("TELEHEALTH_THREADS", "9" * 5000),
        ("PORT", "-1"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("TELEHEALTH_DEMO", "maybe"),
        ("TELEHEALTH_DEMO_PASSWORD", "short"),
        ("TELEHEALTH_LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        read(tmp_path, **{name: value})


def test_a_folder_that_is_a_file_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="TELEHEALTH_INSTANCE_PATH"):
        read(tmp_path, TELEHEALTH_INSTANCE_PATH=str(tmp_path / "file"))


def test_a_turn_server_needs_its_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TELEHEALTH_TURN_SECRET"):
        read(tmp_path, TELEHEALTH_TURN_URLS="turn:turn.example.org")
    assert read(tmp_path, TELEHEALTH_TURN_URLS="stun:stun.example.org").turn_secret is None


def test_a_mail_server_needs_a_sender(tmp_path: Path) -> None:
    url = "smtp://me:hush@mail.example.org:587"
    with pytest.raises(ConfigError, match="TELEHEALTH_MAIL_FROM"):
        read(tmp_path, TELEHEALTH_SMTP_URL=url)
    made = read(tmp_path, TELEHEALTH_SMTP_URL=url, TELEHEALTH_MAIL_FROM="appointments@example.org")
    assert (made.smtp_url, made.mail_from) == (url, "appointments@example.org")
    assert "hush" not in repr(made)


def test_no_message_shows_a_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        read(tmp_path, TELEHEALTH_SECRET_KEY="hush hush")
    assert "hush" not in str(refusal.value)
    with pytest.raises(ConfigError) as refusal:
        read(tmp_path, TELEHEALTH_DATABASE_URL="mysql://somebody:hush@localhost/telehealth")
    assert "hush" not in str(refusal.value)
    with pytest.raises(ConfigError) as refusal:
        read(tmp_path, TELEHEALTH_SMTP_URL="mail://somebody:hush@localhost")
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_gets_our_driver(tmp_path: Path, scheme: str) -> None:
    config = read(tmp_path, TELEHEALTH_DATABASE_URL=f"{scheme}://user:p%40ss@host/telehealth")
    assert config.database_url == "postgresql+psycopg://user:p%40ss@host/telehealth"


def test_the_demo_needs_nothing_and_keeps_its_secret(tmp_path: Path) -> None:
    environment = {
        "TELEHEALTH_INSTANCE_PATH": str(tmp_path / "instance"),
        "TELEHEALTH_DEMO": "1",
        "PORT": "5001",
    }
    first, second = Config.from_environment(environment), Config.from_environment(environment)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    assert first.base_url == "http://localhost:5001"
    assert (tmp_path / "instance" / "demo-secret-key").stat().st_mode & 0o077 == 0


def test_two_demos_have_two_secrets(tmp_path: Path) -> None:
    secrets = {
        Config.from_environment(
            {"TELEHEALTH_INSTANCE_PATH": str(tmp_path / name), "TELEHEALTH_DEMO": "1"}
        ).secret_key
        for name in ("one", "two")
    }
    assert len(secrets) == 2


def test_a_demo_that_was_killed_while_it_wrote_its_secret_makes_another(tmp_path: Path) -> None:
    environment = {"TELEHEALTH_INSTANCE_PATH": str(tmp_path), "TELEHEALTH_DEMO": "1"}
    (tmp_path / "demo-secret-key").touch()
    secret = Config.from_environment(environment).secret_key
    assert len(secret) >= 32
    assert Config.from_environment(environment).secret_key == secret


def test_a_random_key_of_any_usual_kind_is_good(tmp_path: Path) -> None:
    for _ in range(20):
        for key in (
            secrets.token_hex(16),
            secrets.token_hex(32),
            secrets.token_urlsafe(32),
            b64encode(secrets.token_bytes(32)).decode(),
        ):
            assert read(tmp_path, TELEHEALTH_SECRET_KEY=key).secret_key == key


def test_further_origins_are_listed_one_by_one(tmp_path: Path) -> None:
    config = read(tmp_path, TELEHEALTH_ORIGINS="https://old.example.org, https://other.example.org:8443")
    assert config.origins == ("https://old.example.org", "https://other.example.org:8443")


def test_a_config_is_frozen(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        read(tmp_path).port = 1  # type: ignore[misc]


def test_the_demo_with_its_known_password_is_for_this_computer_alone(tmp_path: Path) -> None:
    environment = {
        "TELEHEALTH_INSTANCE_PATH": str(tmp_path),
        "TELEHEALTH_DEMO": "1",
        "TELEHEALTH_BASE_URL": "https://consult.example.org",
    }
    with pytest.raises(ConfigError, match="this computer alone"):
        Config.from_environment(environment)
