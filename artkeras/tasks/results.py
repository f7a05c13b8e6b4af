"""What was trained, found by its name or its folder: runs, and the results that come with the kit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from artkeras.errors import UserError
from artkeras.recipes import RECIPES, Recipe, recipe
from artkeras.tasks.sampling import GENERATORS, Trained, generator_file, no_average, open_state
from artkeras.training.run import Run
from artkeras.training.states import Damaged, read_state, write_state
from artkeras.trusted import NotTrusted


def results_folder() -> Path:
    """Where the committed results are: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "results"
    return inside if inside.is_dir() else package.parent / "results"


def result(name: str) -> Image.Image:
    """The committed figure of a recipe's longest real run (its samples), or of an experiment, such as "model_3".

    Raises:
        UserError: when the kit has no result of it.
    """
    experiment = results_folder() / name / "comparison.png"
    path = experiment if experiment.is_file() else results_folder() / recipe(name).name / "grid.png"
    if not path.is_file():
        raise UserError(f"the kit has no result of {name} yet: train it, then: python -m artkeras report RUN")
    return Image.open(path).convert("RGB")


def save_generator(path: Path, run: Run, trained: Trained) -> None:
    """Write networks in float16, with the recipe that rebuilds them: about 3.5 MB for the colour-field generator."""
    arrays = {
        f"{name}/{i:03d}": np.asarray(v)
        for name, network in trained.networks.items()
        for i, v in enumerate(network.variables)
    }
    with np.errstate(over="ignore"):  # said below
        state = {  # whole numbers are random states: of dropout
            name: v.astype("float16") if np.issubdtype(v.dtype, np.floating) else v for name, v in arrays.items()
        }
    bad = [name for name, values in state.items() if not np.isfinite(values).all()]
    if bad:
        raise UserError(f"{run.path} holds weights that float16 cannot: {', '.join(bad)}; its training has diverged")
    facts = {"recipe": run.recipe.to_json(), "caption": trained.caption}
    write_state(path, state, facts, compressed=True)


def load(what: str | Path, weights: str = "trained") -> Trained:
    """Open what was trained: a `Sampler` of a generator, or what suits the recipe's task.

    Args:
        what: the folder of a run, or the name of a recipe with a result in the kit.
        weights: "trained", as the last step left them, or "ema": their moving average, where the training kept one.

    Raises:
        UserError: when it is neither, or has no averaged weights where these are asked for.

    >>> load("colour_field/model_2").sample(16)     # (16, 64, 64, 3) uint8
    """
    if Run.is_run(what):
        return Run(what).sampler(weights=weights)
    file = generator_file(weights)
    path = results_folder() / str(what) / GENERATORS["trained"]
    if not path.is_file():
        if Path(what).exists() or (str(what) not in RECIPES and _is_place(Path(what))):
            Run(what)  # says what is wrong with it
        chosen = recipe(str(what))  # says which names are near
        have = ", ".join(
            sorted(p.parent.relative_to(results_folder()).as_posix() for p in results_folder().rglob("generator.npz"))
        )
        raise UserError(
            f"the kit has no trained generator for {chosen.name} (it has: {have or 'none'}): "
            f"train one with: python -m artkeras train {chosen.name}, and give its run"
        )
    if not path.with_name(file).is_file():
        raise no_average(str(what))
    return open_generator(path.with_name(file))


def _is_place(path: Path) -> bool:
    """Whether a path that leads nowhere was meant as one, and not as the name of a recipe, "study/variant"."""
    return path.parent != Path() and (path.parent.is_dir() or path.parts[0] == "runs" or len(path.parts) > 2)


def open_generator(path: Path) -> Trained:
    """Read what `save_generator` wrote."""
    try:
        state, facts = read_state(path)
        made_by = Recipe.from_json(facts["recipe"])
        made_by.check()
    except NotTrusted as error:
        raise NotTrusted(f"{path} cannot be opened: {error}") from None
    except (Damaged, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error}): install the kit again, or make the report again") from None
    return open_state(made_by, state, facts["caption"])
