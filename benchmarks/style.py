"""Style transfer as the command line does it, and the same in PyTorch, eager: a picture of 192 pixels, 150 steps.

    python -m benchmarks.style VARIANT SIZE STEPS

Each variant runs in a process of its own, in turns; SqueezeNet has random weights, so that none need be fetched.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import numpy as np

VARIANTS = {
    "clean": "artkeras, clean preset",
    "published": "artkeras, as published",
    "pytorch": "PyTorch, eager, as published",
}
SIZE, STEPS = 192, 150


def measure(
    names: list[str], size: int = SIZE, steps: int = STEPS, rounds: int = 3, log: Callable[[str], None] = print
) -> dict[str, Any]:
    """Time each variant, in turns.

    Returns:
        `size`, `steps`, and for each variant of each round: `first`, seconds of the first picture, compiling included;
        `again`, seconds of a second one; `memory` in bytes, the most the process had.
    """
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for number in range(rounds):
        log(f"style: round {number + 1} of {rounds}")
        for name in names:
            command = [sys.executable, "-m", "benchmarks.style", name, str(size), str(steps)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"style transfer, {name}, failed: {done.stderr[-500:]}")
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
    return {"size": size, "steps": steps, "variants": found}


def judge(measured: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Medians of each variant: `first` and `memory`, seconds of a `step`, and how many times as fast as PyTorch's."""
    judged = {}
    for name, rounds in measured["variants"].items():
        judged[name] = {key: median(entry[key] for entry in rounds) for key in ("first", "memory")}
        judged[name]["step"] = median(entry["again"] for entry in rounds) / measured["steps"]
        if "pytorch" in measured["variants"]:
            pairs = zip(measured["variants"]["pytorch"], rounds, strict=True)
            judged[name]["faster"] = median(theirs["again"] / ours["again"] for theirs, ours in pairs)
    return judged


def kit(preset: str, size: int, steps: int) -> Iterator[np.ndarray]:
    """The kit's own, one picture after another."""
    from artkeras.pretrained import style
    from artkeras.recipes import Builder

    style.NETWORKS["squeezenet"] = style.replace(
        style.NETWORKS["squeezenet"], build=Builder("artkeras.networks.squeezenet:features", weights=None)
    )
    content, painting = pictures(size)
    while True:
        *_, last = style.stylize(content, painting, preset=preset, size=size, steps=steps)
        yield last.picture


def pictures(size: int) -> tuple[np.ndarray, np.ndarray]:
    """A content and a style, (size, size, 3) uint8."""
    from artkeras.synthetic import colour_field

    content, style = colour_field(2, size, seed=1)
    return content, style


def run(name: str, size: int, steps: int) -> dict[str, float]:
    """Two pictures in this process: see `measure`."""
    from benchmarks.worker import memory

    if name == "pytorch":
        from benchmarks.pytorch_style import transfers

        made = transfers(*pictures(size), steps)
    else:
        made = kit(name, size, steps)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        picture = next(made)
        seconds.append(time.perf_counter() - start)
        if picture.shape != (size, size, 3) or picture.std() < 1:
            raise RuntimeError(f"{name} made no picture")
    return {"first": seconds[0], "again": seconds[1], "memory": memory()}


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], *map(int, sys.argv[2:]))))
