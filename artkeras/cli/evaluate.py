"""`python -m artkeras evaluate`: the scores of what was trained."""

from __future__ import annotations

import argparse

from artkeras.cli.arguments import file, whole
from artkeras.cli.console import say
from artkeras.cli.options import RESULT, Commands, add_trust, add_weights, command


def add(commands: Commands) -> None:
    """Add the command."""
    evaluate = command(
        commands, "evaluate", run, "score what was trained against its paintings: KID, palette, coverage, memorization"
    )
    evaluate.add_argument("what", metavar="RUN_OR_RECIPE", help=RESULT)
    evaluate.add_argument("--data", metavar="DIR", help="folder of its pictures, if they have moved")
    evaluate.add_argument(
        "--count", type=whole(100, 100_000), default=2000, metavar="N", help="samples (default: 2000)"
    )
    evaluate.add_argument("--seed", type=whole(0), default=1, metavar="N", help="of their latents (default: 1)")
    evaluate.add_argument(
        "--features", choices=("lite0", "squeezenet", "inception"), default="lite0", help="main feature extractor"
    )
    evaluate.add_argument(
        "--thumbnail", type=whole(8), default=24, metavar="N", help="side at which composition is scored (default: 24)"
    )
    evaluate.add_argument(
        "--checkpoint", choices=("chosen", "last"), default="chosen", help="the best one (default), or the last one"
    )
    evaluate.add_argument("--out", type=file(".jsonl"), metavar="JSONL", help="write the scores to this file instead")
    add_weights(evaluate)
    add_trust(evaluate)


def run(arguments: argparse.Namespace) -> None:
    """Evaluate."""
    from artkeras.tasks.evaluation import evaluate

    names = ("data", "count", "seed", "features", "weights", "checkpoint", "thumbnail", "out")
    evaluate(arguments.what, log=say, **{name: getattr(arguments, name) for name in names})
