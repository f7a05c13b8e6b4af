"""Augmenting as many pictures as study 1 had: six copies of each of 922, written as 5,532 files."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import pictures

COUNT = 922


def measure(count: int, rounds: int = 3, log: Callable[[str], None] = print) -> dict[str, Any]:
    """Time `python -m data_tools augment` from its start to its end, each round into a new folder.

    Returns:
        `files`, how many pictures; `seconds`, one number a round; `again`, the seconds of a run that finds all done.
    """
    log(f"augment: {count:,} pictures")
    encoded = pictures.encoded_squares()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "pictures")
        folder.mkdir()
        for number in range(count):
            (folder / f"{number}.jpg").write_bytes(encoded[number % len(encoded)] + b"%d" % number)
        seconds = [_run(folder, Path(place, f"out{number}")) for number in range(rounds)]
        again = _run(folder, Path(place, "out0"))
    return {"files": count, "seconds": seconds, "again": again}


def _run(folder: Path, out: Path) -> float:
    command = [sys.executable, "-m", "data_tools", "augment", str(folder), "--out", str(out)]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "ARTKERAS_HOME": str(out.parent)})
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"augmenting failed: {done.stderr[-500:]}")
    return seconds
