"""`python -m artkeras compare`: runs side by side."""

from __future__ import annotations

import argparse

from artkeras.cli.arguments import file
from artkeras.cli.console import say
from artkeras.cli.options import Commands, add_trust, command


def add(commands: Commands) -> None:
    """Add the command."""
    compare = command(commands, "compare", run, "draw runs side by side: what was changed, and what that changed")
    compare.add_argument("run_folders", nargs="+", metavar="RUN", help="runs' folders, at least two")
    compare.add_argument("--out", type=file(".png"), default="compare.png", metavar="PNG")
    add_trust(compare)


def run(arguments: argparse.Namespace) -> None:
    """Compare."""
    from artkeras.reporting.comparison import compare

    out = compare(arguments.run_folders, arguments.out, log=say)
    say(f"wrote {out} and {out.with_suffix('.csv').name}")
