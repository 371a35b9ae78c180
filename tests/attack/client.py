"""One client process: random work at reception, or of a patient, until it is told to stop or somebody kills it.

`python -m tests.attack.client FOLDER NUMBER SEED`; the plan and all journals are in FOLDER.
"""

import sys
from pathlib import Path

from tests.attack.desk import Desk
from tests.attack.patient import Patient
from tests.attack.plan import Plan

STOP = "stop"


def main(folder: Path, number: int, seed: int) -> None:
    plan = Plan.load(folder / "plan.json")
    kind = Desk if number < len(plan.desk_cookies) else Patient
    worker = kind(plan, folder, number=number, seed=seed)
    while not (folder / STOP).exists():
        worker.act()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
