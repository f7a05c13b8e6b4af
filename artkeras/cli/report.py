"""`python -m artkeras report`: what runs gave, as cards in results/ or as one page."""

from __future__ import annotations

import argparse

from artkeras.cli.arguments import file
from artkeras.cli.console import say
from artkeras.cli.options import Commands, add_trust, command


def add(commands: Commands) -> None:
    """Add the command."""
    report = command(
        commands, "report", run, "write what runs gave to results/: card, grid, curves, animation, generator"
    )
    report.add_argument("run_folders", nargs="+", metavar="RUN", help="runs' folders")
    report.add_argument("--out", default="results", metavar="DIR", help="(default: results)")
    report.add_argument("--replace", action="store_true", help="let a run take the place of another one's result")
    report.add_argument(
        "--html", type=file(".html"), metavar="HTML", help="write one page to look at, and nothing to --out"
    )
    add_trust(report)


def run(arguments: argparse.Namespace) -> None:
    """Report."""
    if arguments.html:
        from artkeras.reporting.page import page

        say(f"wrote {page(arguments.run_folders, arguments.html, arguments.out)}")
        return
    from artkeras.reporting.report import gallery, report, table

    for folder in arguments.run_folders:
        say(f"wrote {report(folder, arguments.out, replace=arguments.replace)}")
    say(f"wrote {gallery(arguments.out)}")
    say(f"wrote {table(arguments.out)}")
