"""The command line: `python -m artkeras --help`.

Arguments are checked before Keras is loaded, so that a slip is answered at once. What the user can put right is one
line on standard error and exit status 2.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import artkeras
from artkeras.cli import console
from artkeras.cli.arguments import Parser
from artkeras.errors import UserError

# Each module has `add(commands)`, which adds its commands; a command's `run(arguments)` does the work.
MODULES = (
    "list_recipes", "train", "sample", "evaluate", "reproduce", "report", "compare", "translate", "stylize", "upscale",
    "rate", "weights",
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The whole grammar of the command line."""
    top = Parser("python -m artkeras", description="Studies in which neural networks learn to paint.")
    top.add_argument("--version", action="version", version=f"artkeras {artkeras.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in MODULES:
        import_module(f"artkeras.cli.{name}").add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 2 to put right, 130 stopped by Ctrl-C or SIGTERM."""
    console.show_everything()
    arguments = parser().parse_args(argv)
    try:
        with console.stopped_by_sigterm():
            artkeras.trust(*getattr(arguments, "trust", ()))
            arguments.run(arguments)
            sys.stdout.flush()
    except UserError as error:
        return _fail(str(error))
    except BrokenPipeError:  # who read a list has seen enough of it (`| head`)
        sys.stdout = open(os.devnull, "w")
    except OSError as error:  # a full disk, a folder without permission
        return _fail(_refused(error, arguments))
    except MemoryError:
        return _fail("there is not enough memory for that: ask for less, or for smaller pictures")
    except KeyboardInterrupt as error:
        print(f"\nartkeras: {str(error) or 'stopped'}", file=sys.stderr)
        return 130
    return 0


def _refused(error: OSError, arguments: argparse.Namespace) -> str:
    """What the system refused, in a line."""
    place = Path(error.filename).absolute() if isinstance(error.filename, str | os.PathLike) else None
    if place and not os.path.exists(place):  # it could not be made, or was a temporary file: name its folder
        place = place.parent
        if isinstance(error, PermissionError):
            advice = "give another --out" if "out" in arguments else "allow it and try again"
            return f"no permission to write in {place}: {advice}"
    where = f" ({place})" if place else ""
    return f"{error.strerror or error}{where}: nothing that was complete is lost; free it and try again"


def _fail(message: str) -> int:
    print(f"artkeras: {' '.join(message.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
