"""The studies' recipes, one module a study, and the table of all of them."""

import difflib

from artkeras.errors import UserError
from artkeras.recipes import (
    ablations,
    abstract,
    artworks,
    autoencoder,
    colour_field,
    facades,
    japanese_art,
    model_3,
    modern,
    monet2photo,
)
from artkeras.recipes.recipe import Builder, Recipe

__all__ = ["RECIPES", "Builder", "Recipe", "recipe"]

_STUDIES = (
    colour_field, model_3, ablations, abstract, japanese_art, artworks, autoencoder, monet2photo, facades, modern,
)  # fmt: skip

RECIPES: dict[str, Recipe] = {r.name: r for study in _STUDIES for r in study.RECIPES}


def recipe(name: str) -> Recipe:
    """Look up a recipe by its name, "study/variant".

    Raises:
        UserError: for an unknown name; the message gives the nearest ones.
    """
    try:
        return RECIPES[name]
    except KeyError:
        variants = [known for known in RECIPES if known.endswith(f"/{name}")]  # the study was left out
        near = variants or difflib.get_close_matches(name, RECIPES, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else "python -m artkeras list names them all"
        raise UserError(f"no recipe is called {name!r}: {hint}") from None
