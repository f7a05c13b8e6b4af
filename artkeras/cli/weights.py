"""`python -m artkeras weights`: the pretrained weights."""

from __future__ import annotations

import argparse

from artkeras.cli.options import Commands, command


def add(commands: Commands) -> None:
    """Add the command."""
    weights = command(commands, "weights", run, "pretrained weights: list them, fetch one, print its path")
    weights.add_argument("action", choices=("list", "fetch", "path"))
    weights.add_argument("name", nargs="?", metavar="NAME", help="which, see: weights list")


def run(arguments: argparse.Namespace) -> None:
    """List, fetch, or print a path."""
    from artkeras.pretrained.weights import main_weights

    main_weights(arguments.action, arguments.name)
