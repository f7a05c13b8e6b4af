"""`python -m artkeras translate`: pictures through a trained translator."""

from __future__ import annotations

import argparse

from artkeras.cli.arguments import whole
from artkeras.cli.console import say
from artkeras.cli.options import RESULT, Commands, add_trust, command


def add(commands: Commands) -> None:
    """Add the command."""
    translate = command(
        commands, "translate", run, "translate pictures: Monets to photographs, label maps to facades, back"
    )
    translate.add_argument("what", metavar="RUN_OR_RECIPE", help=RESULT)
    translate.add_argument("pictures", nargs="+", metavar="PICTURE", help="files, and folders of them")
    translate.add_argument("--reverse", action="store_true", help="the other direction, where it has both")
    translate.add_argument("--longest", type=whole(8), metavar="N", help="shrink pictures with a longer side than this")
    translate.add_argument("--out", metavar="DIR", default="translated", help="(default: translated)")
    add_trust(translate)


def run(arguments: argparse.Namespace) -> None:
    """Translate."""
    from artkeras.tasks.translate import translate

    translate(
        arguments.what,
        arguments.pictures,
        arguments.out,
        reverse=arguments.reverse,
        longest=arguments.longest,
        log=say,
    )
