"""One client process: random work at reception, of a patient or of a stranger, until it is told to stop or somebody kills it.

`python -m tests.attack.client FOLDER NUMBER SEED`; the plan and all journals are in FOLDER.
"""

import sys
from pathlib import Path

from tests.attack.desk import Desk
from tests.attack.patient import Patient, Stranger
from tests.attack.plan import Plan

STOP = "stop"


def main(folder: Path, number: int, seed: int) -> None:
    plan = Plan.load(folder / "plan.json")
    worker = _worker(number - len(plan.desk_cookies))(plan, folder, number=number, seed=seed)
    while not (folder / STOP).exists():
        worker.act()


def _worker(beyond_the_desks: int) -> type[Desk] | type[Patient] | type[Stranger]:
    """The last ones are patients and strangers by turns."""
    if beyond_the_desks < 0:
        return Desk
    return Stranger if beyond_the_desks % 2 else Patient


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
