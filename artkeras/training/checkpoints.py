"""Checkpoints: how far a training has come, and reading what was saved there."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from artkeras.files import atomic
from artkeras.training.states import Damaged, read_facts, read_state

BEST = "best.npz"


@dataclass(frozen=True, order=True)
class Position:
    """How far a training has come: whole epochs done, and steps done of the next one."""

    epoch: int = 0
    step: int = 0

    def __str__(self) -> str:
        return f"epoch {self.epoch}" + (f" and {self.step} step{'s' * (self.step > 1)}" if self.step else "")

    @property
    def file_name(self) -> str:
        """Name of the checkpoint taken here."""
        return f"epoch-{self.epoch:04d}" + (f"-step-{self.step:05d}" if self.step else "") + ".npz"


def facts_of(path: Path) -> dict[str, Any] | None:
    """The facts of a checkpoint alone, None where they cannot be read."""
    try:
        facts = read_facts(path)
        position_of(facts)
        return facts
    except (Damaged, KeyError, TypeError, ValueError):
        return None


def position_of(facts: Mapping[str, Any]) -> Position:
    """How far the training had come, by the facts of a checkpoint."""
    return Position(int(facts["epoch"]), int(facts["step"]))


def read_checkpoint(path: Path) -> tuple[Position, dict[str, np.ndarray], float]:
    """A checkpoint's position, its state, and the seconds trained until then.

    Raises:
        Damaged: when it cannot be read whole.
    """
    state, facts = read_state(path)
    try:
        return position_of(facts), state, float(facts["seconds"])
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"its facts lack {error}") from error


def copy(path: Path, to: Path) -> None:
    """Copy a file, whole or not at all."""
    with atomic(to) as part:
        shutil.copyfile(path, part)
