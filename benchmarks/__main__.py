"""`make bench`: every figure that we promise, measured on this machine, beside its target."""

import argparse

from rich.console import Console
from rich.table import Table

from benchmarks import admission, assets, booking, imports, rights, sign_in
from benchmarks.figures import Figure


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="admissions to time (default 20)")
    arguments = parser.parse_args()
    figures = [
        *imports.measure(),
        *assets.measure(),
        *rights.measure(),
        *sign_in.measure(),
        *booking.measure(),
        *admission.measure(arguments.runs),
    ]
    Console(width=110).print(as_table(figures))


def as_table(figures: list[Figure]) -> Table:
    table = Table(title="Figures, on this machine, everything on loopback")
    for title in ("What", "Measured", "Target", ""):
        table.add_column(title)
    for figure in figures:
        table.add_row(
            figure.name,
            figure.shown,
            figure.target,
            figure.outcome,
        )
    return table


main()
