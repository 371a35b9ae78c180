"""The settings of a command, and how it says that it cannot do its work."""

import os
import sys
from typing import NoReturn

import click

from telehealth.config import Config, ConfigError
from telehealth.sealing import install


def fail(message: str) -> NoReturn:
    """Say what is wrong and what to do, and end with code 2."""
    click.echo(f"telehealth: {message}", err=True)
    sys.exit(2)


def read_config(*, is_demo: bool = False) -> Config:
    """The settings from the environment; what is wrong with them ends the command."""
    environment = dict(os.environ)
    if is_demo:
        environment["TELEHEALTH_DEMO"] = "1"
        environment.setdefault("TELEHEALTH_LOG_FORMAT", "console")
    try:
        config = Config.from_environment(environment)
    except ConfigError as error:
        fail(str(error))
    install(config.key_ring)
    return config
