"""`python -m artkeras rate`: what people think of generated images, blind."""

from __future__ import annotations

import argparse

from artkeras.cli.arguments import file, whole
from artkeras.cli.console import say
from artkeras.cli.options import Commands, add_trust, command
from artkeras.errors import UserError


def add(commands: Commands) -> None:
    """Add the command."""
    rate = command(
        commands, "rate", run, "have people rate real and generated images, blind: write a page, read what they said"
    )
    rate.add_argument("what", nargs="?", metavar="RUN_OR_RECIPE", help="write a page: of a run or of a recipe's result")
    rate.add_argument("--data", metavar="DIR", help="folder of its pictures, if they have moved")
    rate.add_argument("--out", type=file(".html"), default="rating.html", metavar="HTML", help="(default: rating.html)")
    rate.add_argument(
        "--count", type=whole(1), default=20, metavar="N", help="real images, and as many generated ones (default: 20)"
    )
    rate.add_argument("--seed", type=whole(0), default=1, metavar="N", help="of their draw (default: 1)")
    rate.add_argument("--mode", choices=("stars", "real-or-fake", "both"), default="both", help="(default: both)")
    rate.add_argument("--read", nargs="+", metavar="CSV", help="read what the raters saved instead")
    rate.add_argument("--key", metavar="JSON", help="the page's key (default: found beside the raters' files or here)")
    add_trust(rate)


def run(arguments: argparse.Namespace) -> None:
    """Write a page for raters, or read their answers."""
    from artkeras.reporting import rating

    if bool(arguments.what) == bool(arguments.read):
        raise UserError("give either a run or a recipe, to write a page, or --read and the files that raters saved")
    if arguments.read:
        for line in rating.read(arguments.read, arguments.key).lines():
            say(line)
        return
    names = ("data", "out", "count", "seed", "mode")
    rating.write(arguments.what, log=say, **{name: getattr(arguments, name) for name in names})
