"""What several commands share: how a command is added, and options that mean the same in each of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Commands = argparse._SubParsersAction
Run = Callable[[argparse.Namespace], None]

RESULT = "a run's folder, or a recipe with a result in the kit"


def command(commands: Commands, name: str, run: Run, text: str) -> argparse.ArgumentParser:
    """Add the command `name`, which calls `run` with its arguments; `text` is its line in the list of commands."""
    added = commands.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
    added.set_defaults(run=run)
    return added


def add_weights(command: argparse.ArgumentParser) -> None:
    """`--weights`: which of a generator's two sets of weights to use."""
    command.add_argument(
        "--weights", choices=("trained", "ema"), default="trained",
        help="as the last step left them, or their moving average (default: trained)",
    )  # fmt: skip


def add_trust(command: argparse.ArgumentParser) -> None:
    """`--trust MODULE`, for each command that opens a run: without it a recipe names code of the kit alone."""
    command.add_argument(
        "--trust", action="append", default=[], metavar="MODULE",
        help="let a run's recipe name code of this module, such as a study of your own",
    )  # fmt: skip
