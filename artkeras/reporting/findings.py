"""The results that come with the kit and their scores. For verdicts see `artkeras.reporting.claims`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from artkeras.errors import UserError
from artkeras.tasks.results import results_folder
from artkeras.training.tables import latest_scores, read_scores, read_table


@dataclass(frozen=True)
class Result:
    """A committed result, as `report` wrote it.

    Attributes:
        name: of the recipe.
        folder: of its files.
        facts: its run.json: recipe, device, pictures, epochs, seconds, ...
        history: means of each epoch, as `Run.history` gives them.
        scores: the last value of each measure in its metrics.jsonl, such as "kid", of the trained weights.
        spreads: the standard deviations of those that have one.
        averaged: as `scores`, of the averaged weights; empty where there are none.
        by_network: (measure, feature extractor) -> the last value of the trained weights.
        reference: how many paintings it was scored against; 0 if it was not scored.
    """

    name: str
    folder: Path = field(repr=False)
    facts: Mapping[str, Any] = field(repr=False)
    history: Mapping[str, np.ndarray] = field(repr=False)
    scores: Mapping[str, float]
    spreads: Mapping[str, float] = field(repr=False)
    averaged: Mapping[str, float] = field(repr=False)
    by_network: Mapping[tuple[str, str], float] = field(repr=False)
    reference: int = 0

    def over_epochs(self, measure: str) -> tuple[np.ndarray, np.ndarray]:
        """The epochs in which something was measured, and its values there: (n,) each; empty if it never was."""
        values = self.history.get(measure, np.zeros(0))
        measured = np.isfinite(values)
        return self.history["epoch"][: len(values)][measured], values[measured]


def results(folder: str | Path | None = None) -> dict[str, Result]:
    """All results in a folder by name; by default those that come with the kit.

    Raises:
        UserError: there are none, or one cannot be read.
    """
    folder = Path(folder) if folder else results_folder()
    found = {}
    for path in sorted(folder.rglob("run.json")):
        try:
            result = _result(path)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"the result in {path.parent} cannot be read ({error!r}): report its run again") from None
        found[result.name] = result
    if not found:
        raise UserError(f"{folder} has no results: make some with: python -m artkeras report RUN")
    return found


def _result(path: Path) -> Result:
    """The result that a run.json belongs to."""
    facts = json.loads(path.read_text("utf-8"))
    # the studies kept no averaged weights: what is compared with them are the trained ones
    lines = read_scores(path.with_name("metrics.jsonl"))
    last = latest_scores(lines)
    averaged = latest_scores(read_scores(path.with_name("metrics.jsonl"), "ema"))
    return Result(
        facts["recipe"]["name"],
        path.parent,
        facts,
        read_table(path.with_name("history.csv")),
        {measure: line["value"] for measure, line in last.items()},
        {measure: line["std"] for measure, line in last.items() if line.get("std") is not None},
        {measure: line["value"] for measure, line in averaged.items()},
        {(line["measure"], line.get("network", "pixels")): line["value"] for line in lines},
        last["kid"].get("n_real", 0) if "kid" in last else 0,
    )
