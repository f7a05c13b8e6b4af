"""How long one waits for the kit: to import it, for an answer of the command line, until the first training step."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from statistics import median
from typing import Any

# what is timed: name -> (arguments of Python, expected exit status)
COMMANDS: dict[str, tuple[list[str], int]] = {
    "python": (["-c", "pass"], 0),
    "import": (["-c", "import artkeras"], 0),
    "help": (["-m", "artkeras", "--help"], 0),
    "wrong": (["-m", "artkeras", "train", "colour_field/model_1", "--epochs", "many"], 2),
    "unknown": (["-m", "artkeras", "train", "colour_field/model_0"], 2),
}

# the command line as it is, but for ending after the first step
FIRST_STEP = """
import os, sys
from artkeras.training import callbacks
from artkeras.__main__ import main
callbacks.Recorder.on_train_batch_end = lambda self, batch, logs=None: (float(logs["g_loss"]), os._exit(0))
sys.exit(main(sys.argv[1:]) or "there was no step")
"""


def measure(rounds: int, trainings: int, log: Callable[[str], None] = print) -> dict[str, Any]:
    """Measure all, in turns.

    Args:
        rounds: of the short commands.
        trainings: how often a training is started.

    Returns:
        Seconds of each round by name: those of `COMMANDS`, and "first_step".
    """
    log("start: import, help, slips")
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for number in range(rounds + 1):
        for name, (arguments, status) in COMMANDS.items():
            seconds = _time(arguments, status)
            if number:  # the first round reads from the disk, and writes byte code
                found[name].append(seconds)
    log("start: the way to the first step")
    found["first_step"] = [_first_step() for _ in range(trainings)]
    return found


def judge(found: dict[str, Any]) -> dict[str, float]:
    """Medians; that of the import beyond bare Python, from round to round."""
    medians = {name: median(times) for name, times in found.items()}
    medians["import"] = median(a - b for a, b in zip(found["import"], found["python"], strict=True))
    return medians


def _time(arguments: list[str], status: int, **environment: str) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env={**os.environ, **environment}
    )
    seconds = time.perf_counter() - start
    if done.returncode != status:
        raise RuntimeError(f"python {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-500:]}")
    return seconds


def _first_step() -> float:
    """From the command to the end of the first step of a quick training, on procedural pictures."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["-c", FIRST_STEP, "train", "colour_field/model_1", "--quick", "--out", folder]
        return _time(arguments, 0, ARTKERAS_HOME=folder, ARTKERAS_DATA=folder)
