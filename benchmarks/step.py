"""The step: all variants take turns, a step each, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

from benchmarks.variant import Size
from benchmarks.variants import VARIANTS

SIDE = 4096  # of the matrices whose product is what a step could at best reach
NO_BFLOAT16 = "this processor does not multiply bfloat16: auto is float32, and bfloat16 is not measured"
NO_TORCH = "PyTorch is not installed, so it is not measured: make bench EXTRAS=torch"
NO_STUDY = "the study's loop runs on TensorFlow alone: other backends trip over a network frozen after its first step"


class Process:
    """A `benchmarks.worker` to ask."""

    def __init__(self, name: str, size: Size):
        self.name = name
        command = [sys.executable, "-m", "benchmarks.worker", name, str(size.size), str(size.width), str(size.batch)]
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, bufsize=1
        )

    def ask(self, *request: object) -> dict[str, Any]:
        """Send a request, wait for the answer.

        Raises:
            RuntimeError: when the process ended instead, with the last lines it wrote.
        """
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(" ".join(map(str, request)) + "\n")
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.process.wait()
            self.errors.seek(0)
            raise RuntimeError(f"{self.name} stopped: " + "\n".join(self.errors.read().splitlines()[-5:]))
        return json.loads(answer)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()  # it has nothing to put in order
        self.process.communicate()
        self.errors.close()


def choose(facts: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The variants that make sense on this machine, and why the others do not."""
    remarks = {  # why not -> the variants concerned
        NO_STUDY: {"study"} if facts["backend"] != "tensorflow" else set(),
        NO_BFLOAT16: {"kit_bfloat16", "pytorch_bfloat16"} if facts["auto"] != "bfloat16" else set(),
        NO_TORCH: {"pytorch", "pytorch_bfloat16"} if "torch" not in facts["versions"] else set(),
    }
    names = [name for name in VARIANTS if not any(name in without for without in remarks.values())]
    return names, [remark for remark, without in remarks.items() if without]


def measure(
    names: Sequence[str], size: Size, rounds: int, side: int = SIDE, log: Callable[[str], None] = print
) -> dict[str, Any]:
    """Measure the step of each variant, and the matrix product of each library, once a round.

    Returns:
        Per variant its precision, `work` in multiply-adds, `seconds` and `cpu_seconds` of each round, `memory` in
        bytes; per precision and library the product's multiply-adds a second, in each round.
    """
    found: dict[str, dict[str, Any]] = {
        name: {"precision": VARIANTS[name][2], "seconds": [], "cpu_seconds": []} for name in names
    }
    rates: dict[str, dict[str, list[float]]] = {}
    with ExitStack() as stack:
        processes = {name: stack.enter_context(Process(name, size)) for name in names}
        for name, process in processes.items():
            log(f"step: {name} gets ready")
            found[name] |= process.ask("check")
            process.ask("step")  # the first whole one still finds memory to take
        for number in range(rounds):
            log(f"step: round {number + 1} of {rounds}")
            for name, process in processes.items():
                answer = process.ask("step")
                found[name]["memory"] = answer.pop("memory")
                for key, value in answer.items():
                    found[name][key].append(value)
            for name in _libraries(names):
                for precision in sorted({entry["precision"] for entry in found.values()}, reverse=True):
                    rate = processes[name].ask("product", precision, side)["rate"]
                    library = "torch" if name.startswith("pytorch") else "keras"
                    rates.setdefault(precision, {}).setdefault(library, []).append(rate)
    return {"size": vars(size), "side": side, "rounds": rounds, "variants": found, "products": rates}


def _libraries(names: Sequence[str]) -> list[str]:
    """One variant of each library."""
    return [name for name in ("kit", "pytorch") if name in names] or list(names[:1])


def judge(measured: dict[str, Any]) -> dict[str, Any]:
    """What the numbers say: medians, and ratios as medians over the rounds, for a round's numbers are neighbours.

    Returns:
        Per variant `seconds`; `rate` in multiply-adds a second; `share` of the faster library's matrix product in the
        variant's precision; `speed_up` over the study's loop, if that was measured. Per precision the product's `rate`.
    """
    best = {
        precision: [max(each) for each in zip(*libraries.values(), strict=True)]
        for precision, libraries in measured["products"].items()
    }
    variants = measured["variants"]
    judged = {}
    for name, entry in variants.items():
        pairs = list(zip(entry["seconds"], best[entry["precision"]], strict=True))
        judged[name] = {
            "seconds": median(entry["seconds"]),
            "rate": median(entry["work"] / seconds for seconds, _ in pairs),
            "share": median(entry["work"] / seconds / rate for seconds, rate in pairs),
        }
        if "study" in variants:
            judged[name]["speed_up"] = ratio(variants["study"]["seconds"], entry["seconds"])
    return {"variants": judged, "products": {precision: median(rates) for precision, rates in best.items()}}


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """How many times as long `slow` takes, the median over the rounds."""
    return median(a / b for a, b in zip(slow, fast, strict=True))
