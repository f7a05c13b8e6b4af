"""Measure and tell: `python -m benchmarks`, about eight minutes on two quiet cores; with --quick less than two.

The whole at full size is written to `results.json` and `README.md` beside this file; a part of it, or --quick, is only
printed, unless --out names a folder.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from artkeras.files import atomic
from benchmarks import augment, pictures, start, step, style, table, upscaling
from benchmarks.variant import Size
from benchmarks.variants import VARIANTS

PIECES = ("step", "start", "pictures", "augment", "upscale", "style")
QUICK = Size(32, 32, 32)


def parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    found = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    found.add_argument("--only", nargs="+", choices=PIECES, default=PIECES, metavar="PIECE", help=", ".join(PIECES))
    found.add_argument("--quick", action="store_true", help="small sizes: shows that it runs, not how fast it is")
    found.add_argument(
        "--variants", nargs="+", choices=VARIANTS, metavar="NAME",
        help=f"of the step, instead of all that suit this machine: {', '.join(VARIANTS)}",
    )  # fmt: skip
    found.add_argument("--rounds", type=int, metavar="N", help="of the step (default: 6; 3 with --quick)")
    found.add_argument("--out", type=Path, metavar="DIR", help="folder for results.json and README.md")
    return found


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run the pieces asked for."""
    quick = arguments.quick
    results: dict[str, Any] = {"date": date.today().isoformat(), "quick": quick, "remarks": _remarks()}
    results["facts"] = _facts()
    if "step" in arguments.only:
        names, remarks = step.choose(results["facts"])
        if arguments.variants:
            names = arguments.variants
        else:
            results["remarks"] += remarks
        size, side = (QUICK, 1024) if quick else (Size(), step.SIDE)
        results["step"] = step.measure(names, size, arguments.rounds or (3 if quick else 6), side, _say)
    if "start" in arguments.only:
        results["start"] = start.measure(*((5, 1) if quick else (15, 3)), _say)
    if "pictures" in arguments.only:
        counts = [count // 40 for count in pictures.COUNTS] if quick else pictures.COUNTS
        results["pictures"] = pictures.measure(counts, _say)
    if "augment" in arguments.only:
        results["augment"] = augment.measure(augment.COUNT // 10 if quick else augment.COUNT, 1 if quick else 3, _say)
    if "upscale" in arguments.only:
        results["upscale"] = upscaling.measure(2 if quick else 10, _say)
        if results["upscale"] is None:
            results["remarks"].append("the weights of the enlarging network cannot be had: it is not measured")
    if "style" in arguments.only:
        names = [name for name in style.VARIANTS if name != "pytorch" or "torch" in results["facts"]["versions"]]
        sizes = (64, 10, 1) if quick else (style.SIZE, style.STEPS, 3)
        results["style"] = style.measure(names, *sizes, _say)
    return _rounded(results)


def _remarks() -> list[str]:
    """Says so if the machine has other work, which PyTorch's waiting threads suffer from most."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return [f"the machine was busy when this began (load {load:.1f}): times are too long"] if load > 0.5 else []


def _facts() -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "benchmarks.worker", "facts"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def _rounded(value: Any) -> Any:
    """Four digits of each number are more than enough to keep."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def write(results: dict[str, Any], folder: Path) -> None:
    """Write results.json and README.md."""
    for name, text in (("results.json", json.dumps(results, indent=1) + "\n"), ("README.md", table.page(results))):
        with atomic(folder / name) as part:
            part.write_text(text, encoding="utf-8")
        _say(f"wrote {folder / name}")


def _say(line: str) -> None:
    print(line, flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    arguments = parser().parse_args(argv)
    results = measure(arguments)
    _say("\n" + table.table(results) + "\n\n" + table.goal_lines(results))
    for note in results["remarks"]:
        _say(f"note: {note}")
    whole = set(arguments.only) == set(PIECES) and not (arguments.quick or arguments.variants)
    folder = arguments.out or (Path(__file__).parent if whole else None)
    if folder:
        write(results, folder)


if __name__ == "__main__":
    main()
