"""What importing the pure core costs, and that it loads no framework."""

import subprocess
import sys
from statistics import median

from benchmarks.figures import Figure

TIMED = """
import importlib, pkgutil, sys, time
begin = time.perf_counter()
import telehealth.booking.domain as core
for found in pkgutil.iter_modules(core.__path__, core.__name__ + "."):
    importlib.import_module(found.name)
spent_ms = (time.perf_counter() - begin) * 1000
print(spent_ms, sum(name in sys.modules for name in ("flask", "sqlalchemy", "werkzeug", "socketio")))
"""


def measure() -> list[Figure]:
    spent, loaded = [], 0
    for _ in range(7):
        run = subprocess.run([sys.executable, "-c", TIMED], capture_output=True, text=True, check=True)
        milliseconds, frameworks = run.stdout.split()
        spent.append(float(milliseconds))
        loaded = max(loaded, int(frameworks))
    return [
        Figure("import telehealth.booking.domain and its modules, median of 7", median(spent), 100, "ms"),
        Figure("frameworks that this import loads", loaded, 0, ""),
    ]
