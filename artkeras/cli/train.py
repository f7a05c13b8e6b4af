"""`python -m artkeras train` and `resume`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import artkeras
from artkeras.cli.arguments import number, whole
from artkeras.cli.console import say
from artkeras.cli.options import Commands, add_trust, command

_share = number(lambda value: 0 <= value < 1, "a share of at least 0 and below 1")


def add(commands: Commands) -> None:
    """Add both commands."""
    train = command(commands, "train", run, "train by a recipe, into a new folder under runs/")
    train.add_argument("recipe", metavar="NAME", help="a recipe's name, see: list")
    train.add_argument("--quick", action="store_true", help="laptop size: a minute or less")
    train.add_argument("--out", metavar="DIR", help="folder for runs (default: $ARTKERAS_RUNS, else runs)")
    train.add_argument("--jit", action="store_true", default=None, help="compile with XLA (slower on most CPUs)")
    train.add_argument("--dry-run", action="store_true", help="print what it would cost, train nothing")

    resume = command(commands, "resume", run_resume, "continue a run that was stopped, or train it longer")
    resume.add_argument("run_folder", metavar="RUN", help="the run's folder")
    add_trust(resume)

    for added in (train, resume):
        added.add_argument("--data", metavar="DIR", help="folder of pictures (default: where `list` finds them)")
        added.add_argument("--epochs", type=whole(1), metavar="N", help="total number of epochs")
        added.add_argument("--batch-size", type=whole(1), metavar="N", help="pictures a step")
        added.add_argument("--size", type=whole(1), metavar="N", help="side of the pictures, in pixels")
        added.add_argument("--width", type=whole(1), metavar="N", help="filters of the narrowest layers")
        added.add_argument("--seed", type=whole(0), metavar="N", help="of weights, latents, draws, holdout")
        added.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
        added.add_argument("--holdout", type=_share, metavar="F", help="share of paintings kept out, for evaluation")
        added.add_argument(
            "--eval-every", type=whole(1), metavar="N", help="evaluate on the held-out paintings every N epochs"
        )


def _changes(arguments: argparse.Namespace) -> dict[str, Any]:
    names = ("epochs", "batch_size", "size", "width", "seed", "holdout", "eval_every")
    given = {name: getattr(arguments, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def run(arguments: argparse.Namespace) -> None:
    """Train."""
    from artkeras.recipes import recipe as find_recipe

    recipe = find_recipe(arguments.recipe)
    recipe = replace(recipe.quick() if arguments.quick else recipe, **_changes(arguments))
    recipe.check()  # what is wrong with the values or the folder is said before Keras is loaded
    recipe.check_training()
    recipe.find(arguments.data)
    artkeras.train(
        recipe,
        data=arguments.data,
        precision=arguments.precision,
        jit=arguments.jit,
        out=arguments.out,
        dry_run=arguments.dry_run,
        log=say,
    )


def run_resume(arguments: argparse.Namespace) -> None:
    """Continue a run."""
    changes = _changes(arguments)
    stopped = artkeras.Run(arguments.run_folder)
    stopped.recipe.check_training()
    epochs = changes.pop("epochs", None)
    artkeras.resume(stopped, epochs=epochs, data=arguments.data, precision=arguments.precision, log=say, **changes)
