"""`python -m artkeras list`: the recipes, and where their pictures are."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from artkeras.cli.options import Commands, command


def add(commands: Commands) -> None:
    """Add the command."""
    command(commands, "list", run, "list the recipes: study, pictures found, published epochs")


def run(arguments: argparse.Namespace) -> None:
    """Print one line a recipe."""
    from artkeras.files import expanded
    from artkeras.recipes import RECIPES
    from artkeras.tasks.results import results_folder

    where = {}
    for recipe in RECIPES.values():
        if recipe.study not in where:
            where[recipe.study] = recipe.find()
    rows = [("RECIPE", "PICTURES", "EPOCHS", "TRAINED", "WHAT")]
    for recipe in RECIPES.values():
        trained = (results_folder() / recipe.name / "generator.npz").is_file()
        found = str(where[recipe.study] or "synthetic placeholder")
        rows.append((recipe.name, found, str(recipe.epochs), "yes" if trained else "no", recipe.change))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip())
    if not any(where.values()):
        place = os.environ.get("ARTKERAS_DATA")
        also = f"nor in {expanded(place).absolute()}" if place else "and $ARTKERAS_DATA is not set"
        print(f"\nno pictures found: no folder of a study, such as colour_field, in {Path('data').absolute()}, {also}")
