"""`python -m artkeras reproduce`: whole studies, from training to report."""

from __future__ import annotations

import argparse

from artkeras.cli.arguments import period, whole
from artkeras.cli.console import say
from artkeras.cli.options import Commands, command


def add(commands: Commands) -> None:
    """Add the command."""
    reproduce = command(
        commands, "reproduce", run, "train, evaluate, compare and report whole studies, or continue with that"
    )
    reproduce.add_argument("what", nargs="+", metavar="WHAT", help="recipes, studies, families of recipes, or all")
    reproduce.add_argument("--seeds", type=whole(1, 100), default=1, metavar="N", help="of each (default: 1)")
    reproduce.add_argument("--width", type=whole(1), metavar="N", help="filters of the narrowest layers")
    reproduce.add_argument("--within", type=period, metavar="TIME", help="stop after this time: 90s, 9m, 2h")
    reproduce.add_argument("--quick", action="store_true", help="rehearse the whole chain at laptop size")
    reproduce.add_argument("--dry-run", action="store_true", help="print what it would cost, and do nothing")
    reproduce.add_argument("--data", metavar="DIR", help="folder of pictures (default: where `list` finds them)")
    reproduce.add_argument("--out", default="reproduced", metavar="DIR", help="(default: reproduced)")


def run(arguments: argparse.Namespace) -> None:
    """Reproduce."""
    from artkeras.reproduce import reproduce

    names = ("seeds", "width", "within", "out", "quick", "data", "dry_run")
    reproduce(arguments.what, log=say, **{name: getattr(arguments, name) for name in names})
