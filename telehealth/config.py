"""Settings: read once from the environment, checked at start, frozen.

Every variable is listed in `docs/operations.md`.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from telehealth.keyring import KeyRing, KeyRingError, new_key_line
from telehealth.secret_strength import is_guessable

MINIMUM_SECRET_LENGTH = 32
MINIMUM_PASSWORD_LENGTH = 12
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1"})
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"", "0", "false", "no", "off"})


class ConfigError(Exception):
    """A setting is missing or wrong; the message names the variable and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that differs between installations. No secret has a default outside demo mode."""

    instance_path: Path
    database_url: str
    secret_key: str
    base_url: str
    key_ring: KeyRing
    port: int = 5000
    is_demo: bool = False
    demo_password: str = ""
    threads: int = 256
    turn_urls: tuple[str, ...] = ()
    turn_secret: str | None = None
    # Of the mail server, with its password; None: e-mails wait in the outbox (demo: they go to a folder).
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str = ""
    # How many proxies of ours stand before the service: so many of X-Forwarded-For are believed.
    trusted_proxies: int = 0
    # Besides the base URL.
    origins: tuple[str, ...] = ()
    log_format: str = "json"
    service_name: str = "Online consultations"

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Config":
        """Build from `TELEHEALTH_*` variables and `PORT`. Raises ConfigError."""
        _refuse_redis(environment)
        _refuse_debug(environment)
        is_demo = _boolean(environment, "TELEHEALTH_DEMO")
        instance_path = _instance_path(environment)
        port = _number(environment, "PORT", default=5000, lowest=1, highest=65535)
        base_url = environment.get("TELEHEALTH_BASE_URL", "")
        if not base_url:
            if not is_demo:
                raise ConfigError(
                    "TELEHEALTH_BASE_URL is not set. Set it to the address that people type, "
                    "for example https://consult.example.org (or start the demo with: telehealth run --demo)."
                )
            base_url = f"http://localhost:{port}"
        if is_demo and urlsplit(_checked_base_url(base_url)).hostname not in LOCAL_HOSTS:
            raise ConfigError(
                "Demo mode has accounts whose password everybody can read, so it is for this computer alone. "
                "Unset TELEHEALTH_BASE_URL, or start without the demo: telehealth run"
            )
        return cls(
            instance_path=instance_path,
            database_url=_database_url(environment, instance_path),
            secret_key=_secret_key(environment, instance_path, is_demo=is_demo),
            base_url=_checked_base_url(base_url),
            key_ring=_key_ring(environment, instance_path, is_demo=is_demo),
            port=port,
            is_demo=is_demo,
            demo_password=_demo_password(environment),
            threads=_number(environment, "TELEHEALTH_THREADS", default=256, lowest=16, highest=8192),
            turn_urls=_turn_urls(environment),
            turn_secret=environment.get("TELEHEALTH_TURN_SECRET") or None,
            smtp_url=_smtp_url(environment),
            mail_from=_mail_from(environment),
            trusted_proxies=_number(
                environment, "TELEHEALTH_TRUSTED_PROXIES", default=0, lowest=0, highest=5
            ),
            origins=_origins(environment),
            log_format=_one_of(environment, "TELEHEALTH_LOG_FORMAT", ("json", "console"), default="json"),
            service_name=environment.get("TELEHEALTH_SERVICE_NAME", "").strip() or "Online consultations",
        )


def _boolean(environment: Mapping[str, str], name: str) -> bool:
    word = environment.get(name, "").strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ConfigError(f"{name} is {word!r}. Set it to 1 or 0.")


def _number(environment: Mapping[str, str], name: str, *, default: int, lowest: int, highest: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not lowest <= int(text) <= highest:
        raise ConfigError(f"{name} is {text!r}. Set it to a whole number from {lowest} to {highest}.")
    return int(text)


def _one_of(environment: Mapping[str, str], name: str, words: tuple[str, ...], *, default: str) -> str:
    word = environment.get(name, "").strip() or default
    if word not in words:
        raise ConfigError(f"{name} is {word!r}. Set it to one of: {', '.join(words)}.")
    return word


def _database_url(environment: Mapping[str, str], instance_path: Path) -> str:
    url = environment.get("TELEHEALTH_DATABASE_URL", "").strip()
    if not url:
        return f"sqlite:///{instance_path / 'telehealth.sqlite3'}"
    for written, driver in (
        ("postgres://", "postgresql+psycopg://"),
        ("postgresql://", "postgresql+psycopg://"),
    ):
        if url.startswith(written):
            url = driver + url.removeprefix(written)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError(
            "TELEHEALTH_DATABASE_URL must start with sqlite:/// or postgresql:// "
            "(for example postgresql://user:password@host/telehealth)."
        )
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        # Without the value: it holds a password.
        raise ConfigError(
            "TELEHEALTH_DATABASE_URL cannot be read. Write it like "
            "postgresql://user:password@host/telehealth, with special characters of the password as %XX."
        ) from None
    return url


def _refuse_redis(environment: Mapping[str, str]) -> None:
    if environment.get("TELEHEALTH_REDIS_URL", "").strip():
        raise ConfigError(
            "TELEHEALTH_REDIS_URL is set, but this version runs as one web process and does not use Redis. Remove it."
        )


def _refuse_debug(environment: Mapping[str, str]) -> None:
    """The debugger runs whatever a visitor types: in no mode."""
    for name in ("FLASK_DEBUG", "TELEHEALTH_DEBUG", "WERKZEUG_DEBUG_PIN"):
        if environment.get(name, "").strip().lower() not in FALSE_WORDS:
            raise ConfigError(
                f"{name} is set. This service never runs with a debugger, which shows every visitor its secrets. "
                f"Unset {name}."
            )


def _origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Further addresses whose pages may open sockets here, for example while a service moves to a new name."""
    origins = tuple(
        origin.strip() for origin in environment.get("TELEHEALTH_ORIGINS", "").split(",") if origin.strip()
    )
    for origin in origins:
        if "*" in origin:
            raise ConfigError(
                "TELEHEALTH_ORIGINS has a wildcard: pages of any site could open sockets in a patient's name. "
                "List each address, for example https://consult.example.org"
            )
        parts = urlsplit(origin)
        if parts.scheme != "https" or not parts.hostname or parts.path or parts.query or parts.fragment:
            raise ConfigError(
                f"TELEHEALTH_ORIGINS has {origin!r}. Each must be an address such as https://consult.example.org"
            )
    return origins


def _demo_password(environment: Mapping[str, str]) -> str:
    password = environment.get("TELEHEALTH_DEMO_PASSWORD", "")
    if password and len(password) < MINIMUM_PASSWORD_LENGTH:
        raise ConfigError(
            f"TELEHEALTH_DEMO_PASSWORD is too short. Use at least {MINIMUM_PASSWORD_LENGTH} characters."
        )
    return password


def _instance_path(environment: Mapping[str, str]) -> Path:
    path = Path(environment.get("TELEHEALTH_INSTANCE_PATH") or "instance").resolve()
    if path.exists() and not path.is_dir():
        raise ConfigError(f"TELEHEALTH_INSTANCE_PATH is {str(path)!r}, which is not a folder.")
    return path


def _secret_key(environment: Mapping[str, str], instance_path: Path, *, is_demo: bool) -> str:
    secret = environment.get("TELEHEALTH_SECRET_KEY", "")
    if not secret and is_demo:
        return _demo_secret(instance_path)
    if not secret:
        raise ConfigError(
            "TELEHEALTH_SECRET_KEY is not set. Set it to a random text of at least "
            f"{MINIMUM_SECRET_LENGTH} characters, for example from: openssl rand -hex 32"
        )
    if len(secret) < MINIMUM_SECRET_LENGTH:
        raise ConfigError(
            f"TELEHEALTH_SECRET_KEY is too short. Use at least {MINIMUM_SECRET_LENGTH} random characters, "
            "for example from: openssl rand -hex 32"
        )
    if is_guessable(secret):
        raise ConfigError(
            f"TELEHEALTH_SECRET_KEY is well known or can be guessed. Use at least {MINIMUM_SECRET_LENGTH} random "
            "characters, for example from: openssl rand -hex 32"
        )
    return secret


def _demo_secret(instance_path: Path) -> str:
    """A random key of this folder's demo, kept so that links and sign-ins survive a restart."""
    return _kept(instance_path / "demo-secret-key", lambda: secrets.token_hex(32))


def _kept(path: Path, make: Callable[[], str]) -> str:
    """A secret of the demo in a file of its own, made when it is first needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Too short: the process was killed while it wrote.
    if not path.exists() or path.stat().st_size < MINIMUM_SECRET_LENGTH:
        path.touch(mode=0o600)
        path.write_text(make(), encoding="ascii")
    return path.read_text(encoding="ascii")


def _key_ring(environment: Mapping[str, str], instance_path: Path, *, is_demo: bool) -> KeyRing:
    text = environment.get("TELEHEALTH_KEYS", "").strip()
    file = environment.get("TELEHEALTH_KEYS_FILE", "").strip()
    if text and file:
        raise ConfigError("TELEHEALTH_KEYS and TELEHEALTH_KEYS_FILE are both set. Set only one of them.")
    if file:
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"TELEHEALTH_KEYS_FILE is {file!r}, which cannot be read ({type(error).__name__})."
            ) from None
    elif not text and is_demo:
        text = _kept(instance_path / "demo-keys", lambda: new_key_line("demo"))
    elif not text:
        raise ConfigError(
            "TELEHEALTH_KEYS is not set. Notes and contact details are stored sealed: make a key with "
            "telehealth keys new, keep a copy apart from the database, and set TELEHEALTH_KEYS or "
            "TELEHEALTH_KEYS_FILE to it."
        )
    try:
        return KeyRing.parse(text)
    except KeyRingError as error:
        name = "TELEHEALTH_KEYS_FILE" if file else "TELEHEALTH_KEYS"
        raise ConfigError(f"{name} cannot be used. {error}") from None


def _checked_base_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no port, a bracket that is not closed
        is_address = False
    if not is_address or parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigError(
            f"TELEHEALTH_BASE_URL is {url!r}. It must be an address without a path, "
            "for example https://consult.example.org"
        )
    if parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
        raise ConfigError(
            f"TELEHEALTH_BASE_URL is {url!r}. Browsers allow the camera on https:// only; "
            "http:// works for localhost alone."
        )
    return url.rstrip("/")


def _smtp_url(environment: Mapping[str, str]) -> str | None:
    url = environment.get("TELEHEALTH_SMTP_URL", "").strip()
    if not url:
        return None
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.path.strip("/") or parts.query or parts.fragment:
        # Without the value: it holds a password.
        raise ConfigError(
            "TELEHEALTH_SMTP_URL cannot be read. Write it like smtp://user:password@host:587 or "
            "smtps://user:password@host:465, with special characters of the password as %XX."
        )
    return url


def _mail_from(environment: Mapping[str, str]) -> str:
    """The sender's address, which a mail server needs."""
    text = environment.get("TELEHEALTH_MAIL_FROM", "").strip()
    if not text and not environment.get("TELEHEALTH_SMTP_URL", "").strip():
        return ""
    try:
        address = Address(addr_spec=text)
    except (HeaderParseError, ValueError, IndexError):
        address = Address()
    if not address.username or not address.domain:
        raise ConfigError(
            "TELEHEALTH_MAIL_FROM must be the address from which messages come, "
            "for example appointments@consult.example.org"
        )
    return text


def _turn_urls(environment: Mapping[str, str]) -> tuple[str, ...]:
    urls = tuple(url.strip() for url in environment.get("TELEHEALTH_TURN_URLS", "").split(",") if url.strip())
    for url in urls:
        if not url.startswith(("turn:", "turns:", "stun:")):
            raise ConfigError(
                f"TELEHEALTH_TURN_URLS has {url!r}. Each must start with turn:, turns: or stun:"
            )
    if any(url.startswith("turn") for url in urls) and not environment.get("TELEHEALTH_TURN_SECRET"):
        raise ConfigError(
            "TELEHEALTH_TURN_SECRET is not set. Set it to the static-auth-secret of your TURN server."
        )
    return urls
