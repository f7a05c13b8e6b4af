"""What a task offers to training, runs, reports and the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from artkeras import data
from artkeras.errors import UserError

if TYPE_CHECKING:
    from artkeras.engine import StepModel
    from artkeras.metrics.features import Features
    from artkeras.recipes import Recipe
    from artkeras.tasks.sampling import Trained


def chosen(count: int, among: int, seed: int) -> np.ndarray:
    """Random indices of `count` of so many images, or of all where there are fewer; the same for the same seed."""
    return np.random.default_rng(seed).permutation(among)[:count]


class Validator(Protocol):
    """Measures a model in the middle of its training.

    Attributes:
        columns: what it measures, columns that it adds to history.csv.
        selection: those of them whose smallest sum makes the best checkpoint.
    """

    columns: tuple[str, ...]
    selection: tuple[str, ...]

    def __call__(self, model: StepModel) -> dict[str, float]:
        """Measure: a value for each of `columns`."""
        ...


class Task:
    """How models for one task get their images, what is kept of them, how they are opened again and evaluated.

    Training, runs, reports and the command line ask it through `Recipe.of_task`, and know no task themselves.

    Attributes:
        kept: names of the networks that a result keeps, a subset of the recipe's `networks`.
        examples_shown: real pictures that its sample grids are made from; 0 where random numbers are enough.
        plans_steps: whether its model wants to know how many steps the whole training takes.
        losses: a sentence or two about its losses, for the report to look at.
    """

    kept: tuple[str, ...]
    examples_shown: int = 0
    plans_steps: bool = False
    losses: str

    # --- pictures -----------------------------------------------------------------------------------

    def find(self, recipe: Recipe, folder: str | Path | None = None) -> Path | None:
        """Where a recipe's pictures are, or None if a placeholder will have to do. See `artkeras.data.find`."""
        return data.find(recipe.study, folder)

    def pictures(self, recipe: Recipe, folder: str | Path | None = None) -> tuple[Any, Any]:
        """Find, load and split a recipe's pictures: `(training, held out or None)`.

        Either is a `data.Pictures`, or something that has its `draw`, `take`, `originals`, `memory`, `len`, `source`,
        `synthetic`, `skipped`, `notes` and `fingerprint`. A batch is what `draw` gives: uint8, with 3 channels or, for
        pairs of pictures, 6.
        """
        return data.load(
            recipe.study, recipe.size, folder=folder, subset=recipe.subset, expand=recipe.expand, fit=recipe.fit,
            holdout=recipe.holdout, seed=recipe.seed, limit=recipe.limit,
        )  # fmt: skip

    def examples(self, recipe: Recipe, train: Any, held_out: Any) -> np.ndarray | None:
        """The real pictures of the sample grids: unseen ones if any were held out, the same all through training."""
        if not self.examples_shown:
            return None
        source = (held_out if held_out is not None else train).originals()
        return source.take(chosen(self.examples_shown, len(source), recipe.seed))

    # --- networks -----------------------------------------------------------------------------------

    def open(self, recipe: Recipe, networks: Mapping[str, Any], caption: str) -> Trained:
        """What `artkeras.load` gives.

        Args:
            recipe: what they were trained by.
            networks: those of `kept` by name, filled with weights; there may be others.
            caption: one line saying what they are.
        """
        raise NotImplementedError

    # --- scores -------------------------------------------------------------------------------------

    def validator(self, recipe: Recipe, train: Any, held_out: Any, features: Callable[[], Features]) -> Validator:
        """The validator of a training, called every `recipe.eval_every` epochs.

        Args:
            recipe, train, held_out: what is trained, its pictures, those kept out.
            features: call it for a network that describes pictures; it is fetched then.

        Raises:
            UserError: where nothing can be measured then.
        """
        raise UserError(f"{recipe.name} cannot be evaluated during training: leave out --eval-every")

    def evaluate(
        self,
        trained: Trained,
        train: Any,
        held_out: Any,
        *,
        count: int,
        seed: int,
        features: Sequence[Features],
        thumbnail: int,
        facts: dict[str, Any],
        log: Callable[[str], None],
    ) -> list[dict[str, Any]]:
        """All scores of what was trained, as `artkeras.metrics.record` makes them.

        Args:
            trained: see `open`.
            train, held_out: the originals it was trained on, and those kept out (or None).
            count, seed: of the samples to draw, where it draws some.
            features: one or more feature extractors, the main one first; each has a `name` and a `resize`.
            thumbnail: side in pixels at which composition is scored.
            facts: further entries of each record.
            log: called with a line about what is missing.

        Raises:
            UserError: where it cannot be scored.
        """
        raise UserError(f"{trained.recipe.name} cannot be scored: there is no measure for its task")
