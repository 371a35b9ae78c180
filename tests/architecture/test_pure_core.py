"""The domain packages hold rules, not plumbing: importing one loads the standard library and nothing more."""

import subprocess
import sys
from pathlib import Path

import pytest

import telehealth

ROOT = Path(telehealth.__file__).parent
DOMAINS = sorted(f"telehealth.{folder.parent.name}.domain" for folder in ROOT.glob("*/domain"))
LIST_LOADED = """
import importlib, pkgutil, sys
before = set(sys.modules)
package = importlib.import_module(sys.argv[1])
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(found.name)
print("\\n".join(sorted(set(sys.modules) - before)))
"""
SHARED = {"telehealth", "telehealth.errors"}

pytestmark = pytest.mark.domain


def test_every_core_package_is_looked_at() -> None:
    assert {f"telehealth.{feature}.domain" for feature in ("booking", "video", "notes")} <= set(DOMAINS)


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_core_loads_only_the_standard_library(domain: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LIST_LOADED, domain], capture_output=True, text=True, check=True
    )
    feature = domain.removesuffix(".domain")
    foreign = {
        name
        for name in run.stdout.split()
        if name.split(".")[0] not in sys.stdlib_module_names
        and not name.startswith("_sysconfigdata")
        and name not in SHARED | {feature}
        and not name.startswith(domain)
    }
    assert not foreign
