"""The command line: `python -m data_tools --help`.

Exit status: 0 complete, 2 something to put right, 3 incomplete (the same command goes on), 4 the site refuses, 5 the
site has changed its form, 130 stopped by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

import artkeras
from artkeras.cli import console
from artkeras.cli.arguments import Parser
from artkeras.errors import UserError
from data_tools.errors import COMPLETE, INCOMPLETE, USAGE

# Each module has `add(commands)`, which adds its commands; a command's `run(arguments)` returns an exit status or None.
MODULES = ("wikiart_command", "museums", "kaggle", "archives", "folder", "clean", "curate", "augment", "agreement")


def parser() -> argparse.ArgumentParser:
    """The whole grammar of the command line."""
    top = Parser("python -m data_tools", description="Collect pictures to train on, and what is known about them.")
    top.add_argument("--version", action="version", version=f"artkeras {artkeras.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in MODULES:
        import_module(f"data_tools.{name}").add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    console.show_everything()
    arguments = parser().parse_args(argv)
    try:
        with console.stopped_by_sigterm():
            return arguments.run(arguments) or COMPLETE
    except UserError as error:
        return _fail(str(error), getattr(error, "status", USAGE))
    except OSError as error:  # a full disk, a folder without permission: the system's words are clear enough
        place = f" ({error.filename})" if error.filename else ""
        return _fail(
            f"{error.strerror or error}{place}: what was complete is kept; put it right and run the same command again",
            INCOMPLETE,
        )
    except KeyboardInterrupt:
        print("\ndata_tools: stopped; what was fetched is kept, the same command goes on", file=sys.stderr)
        return 130


def _fail(message: str, status: int) -> int:
    print(f"data_tools: {' '.join(message.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
