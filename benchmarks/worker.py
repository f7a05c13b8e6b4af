"""A process that holds one variant ready and takes steps when asked, so that the variants can take turns.

    python -m benchmarks.worker VARIANT SIZE WIDTH BATCH

Each line read is a request, each line written an answer in JSON: "check" (one step, see
`benchmarks.variant.check`), "step", "product PRECISION SIDE", "facts". The end of the input ends the process.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any


def memory(field: str = "VmHWM") -> int:
    """Bytes of memory of this process: the most it ever had, or another field of /proc/self/status.

    Not `getrusage` where that can be helped: its maximum includes the process that started this one.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))
    except (OSError, StopIteration):  # not Linux
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def facts() -> dict[str, Any]:
    """The machine and the versions: what a time means nothing without."""
    import importlib.util
    import platform
    from importlib.metadata import version

    import artkeras
    from artkeras import engine

    versions = {"artkeras": artkeras.__version__, **engine.versions()}
    versions.pop("backend")
    if importlib.util.find_spec("torch"):
        versions["torch"] = version("torch")
    return {
        "device": engine.device(),
        "system": f"{platform.system()} {platform.machine()}",
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "auto": engine.resolve_precision("auto"),
        "backend": engine.BACKEND,
        "versions": versions,
    }


class Worker:
    """Answers requests about one variant."""

    def __init__(self, name: str, size: int, width: int, batch: int):
        from benchmarks.variant import Size
        from benchmarks.variants import VARIANTS

        _, make, self.precision = VARIANTS[name]
        self.name, self.variant = name, make(Size(size, width, batch), self.precision)

    def check(self) -> dict[str, Any]:
        """One step, checked, which also traces what is to be traced."""
        from benchmarks.variant import check

        check(self.variant)
        return {"work": self.variant.work}

    def step(self) -> dict[str, Any]:
        """One step: its seconds, those of all cores together, and the most memory so far."""
        start, busy = time.perf_counter(), time.process_time()
        self.variant.step()
        return {
            "seconds": time.perf_counter() - start,
            "cpu_seconds": time.process_time() - busy,
            "memory": memory(),
        }

    def product(self, precision: str, side: str) -> dict[str, Any]:
        """Multiply-adds a second of a product of two square matrices, in the library of the variant."""
        if self.name.startswith("pytorch"):
            from benchmarks.pytorch import matrix_rate
        else:
            from artkeras.training.plan import matrix_rate
        return {"rate": matrix_rate(precision, int(side))}


def main(arguments: list[str]) -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print does not get between the answers
    worker = Worker(arguments[0], *map(int, arguments[1:]))
    for line in sys.stdin:
        request, *rest = line.split()
        answers.write(json.dumps(getattr(worker, request)(*rest)) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["facts"]:
        print(json.dumps(facts()))
    else:
        main(sys.argv[1:])
