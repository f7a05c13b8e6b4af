"""Enlarging a sample of 64 x 64 four times by the network "thick", as notebook 09 does.

python -m benchmarks.upscaling ROUNDS      measures in this process; prints JSON
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

SIDE = 64


def measure(rounds: int, log: Callable[[str], None] = print) -> dict[str, Any] | None:
    """Time single pictures in a process of its own; None when the weights cannot be had.

    Returns:
        `seconds`, one number a round; `predict`, likewise, of Keras' own `predict` on the same network; `memory`, the
        most bytes the process ever had.
    """
    from artkeras.errors import UserError
    from artkeras.pretrained import weights

    log("upscale: thick, 64 -> 256")
    try:
        weights.fetch("esrgan-thick", log)
    except UserError as error:
        log(f"not measured: {error}")
        return None
    command = [sys.executable, "-m", "benchmarks.upscaling", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"enlarging failed: {done.stderr[-500:]}")
    return json.loads(done.stdout)


def measure_here(rounds: int) -> dict[str, Any]:
    """Enlarge one picture again and again, both ways in turn, each once before it counts."""
    import numpy as np

    from artkeras import engine, synthetic
    from artkeras.networks import esrgan
    from benchmarks.worker import memory

    network = esrgan.rrdn()
    picture = synthetic.colour_field(1, SIDE, seed=0).astype("float32")
    ways = {"seconds": engine.inference(network), "predict": lambda batch: network.predict(batch, verbose=0)}
    found: dict[str, Any] = {name: [] for name in ways}
    one, other = (way(picture) for way in ways.values())
    np.testing.assert_allclose(one, other, atol=0.1)
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way(picture)
            found[name].append(time.perf_counter() - start)
    return {**found, "memory": memory()}


if __name__ == "__main__":
    print(json.dumps(measure_here(int(sys.argv[1]))))
