"""What was measured, for people: one table, the goals, the page that is committed."""

from __future__ import annotations

from statistics import median
from typing import Any

from benchmarks import start, step, style
from benchmarks.variants import VARIANTS

Results = dict[str, Any]

MEMORY = 400e6  # bytes: 256 MiB is what is held in memory at most; the rest is for names and blocks
HEAD = ("what", "time", "rate", "times as fast as the study's loop", "share of the matrix product", "memory")

PAGE = """# How fast it is

Written by `make bench` on {date}: {device}, {memory} of memory, {system}; {versions}.

{table}

{notes}

## Goals

{goals}
"""

NOTES = """\
- The step is one training step of colour_field/model_1: {size} x {size} pictures, width {width}, batch {batch},
  {work} G multiply-adds of useful work in its products. A multiply-add counts as 2 FLOP, in the steps and in the
  matrix product.
- The variants took turns, {rounds} rounds, each in a process of its own; times are medians, ratios medians of the
  ratios within a round. Memory is the most the process ever had, libraries included.
- The study's loop is its authors', line by line in Keras, but for the order in which D is traced and frozen: see
  `variants.py`. That D moves in its own step and not in the stacked one is checked in each process before it is timed.
- PyTorch runs eagerly, channels last, with its fused Adam and, for bfloat16, autocast: see `pytorch.py`.
- The matrix product is of two {side} x {side} matrices, all cores; the faster of Keras' and PyTorch's counts."""

NOTES_PICTURES = """\
- Pictures are JPEGs of 210 x 160 read at 64 x 64; drawing makes batches of 128 from six copies of each. Their
  memory is the process's own, beyond what its libraries need. Up to 256 MiB of pictures are held in memory; more are
  mapped from the cache's file, whose pages the system lends and takes back as it needs."""

NOTES_STYLE = """\
- Style transfer: the time is that of the first picture of its size, compiling included, the step that of a second."""


def _time(seconds: float) -> str:
    if seconds < 0.0995:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 9.95 else f"{seconds:.1f} s"


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def _flops(multiply_adds: float) -> str:
    rate = 2 * multiply_adds / 1e9
    return f"{rate:,.0f} GFLOP/s" if rate >= 10 else f"{rate:.2g} GFLOP/s"


def _auto(results: Results) -> str:
    """The variant that auto precision is here."""
    return "kit" if results["facts"]["auto"] == "float32" else "kit_bfloat16"


def rows(results: Results) -> list[tuple[str, ...]]:
    """The table's rows, as long as `HEAD`; of the pieces that were measured."""
    found: list[tuple[str, ...]] = []
    if "step" in results:
        measured, judged = results["step"], step.judge(results["step"])
        for name, entry in judged["variants"].items():
            precision = VARIANTS[name][2] + (" (auto)" if name == _auto(results) else "")
            ratio = f"{entry['speed_up']:.2f}" if "speed_up" in entry else ""
            memory = _size(measured["variants"][name]["memory"])
            what, time, rate = f"step: {VARIANTS[name][0]}, {precision}", _time(entry["seconds"]), _flops(entry["rate"])
            found.append((what, time, rate, ratio, f"{100 * entry['share']:.0f} %", memory))
        for precision, rate in judged["products"].items():
            seconds = measured["side"] ** 3 / rate
            found.append((f"matrix product, {precision}", _time(seconds), _flops(rate), "", "100 %", ""))
    if "start" in results:
        medians = start.judge(results["start"])
        for name, what in (
            ("import", "`import artkeras`, beyond bare Python"),
            ("help", "`python -m artkeras --help`"),
            ("wrong", "the answer to a wrong argument"),
            ("unknown", "the answer to an unknown recipe"),
            ("first_step", "`train colour_field/model_1 --quick`, until its first step is done"),
        ):
            found.append((what, _time(medians[name]), "", "", "", ""))
    for entry in results.get("pictures", ()):
        count = f"{entry['files']:,} pictures"
        for key, what in (("first", "read for the first time"), ("again", "read from the cache")):
            facts = entry[key]
            memory = _size(facts["memory"]) + (", mapped" if facts["mapped"] else "")
            rate = f"{_digits(entry['files'] / facts['load'])} pictures/s"
            found.append((f"{count}, {what}", _time(facts["load"]), rate, "", "", memory))
        found.append((f"{count}, drawing batches", "", f"{_digits(entry['again']['drawn'])} pictures/s", "", "", ""))
    if "augment" in results:
        entry = results["augment"]
        for seconds, what in ((median(entry["seconds"]), "six copies of each written"), (entry["again"], "found done")):
            rate = f"{_digits(entry['files'] / seconds)} pictures/s"
            found.append((f"{entry['files']:,} pictures, {what}", _time(seconds), rate, "", "", ""))
    if results.get("upscale"):
        entry = results["upscale"]
        for name, what in (("seconds", "a held call"), ("predict", "Keras' `predict`")):
            memory = _size(entry["memory"]) if name == "seconds" else ""
            found.append(
                (f"a picture of 64 x 64 enlarged by thick, {what}", _time(median(entry[name])), "", "", "", memory)
            )
    if "style" in results:
        entry = results["style"]
        what = f"style transfer, {entry['size']} pixels, {entry['steps']} steps"
        for name, judged in style.judge(entry).items():
            rate = f"{1000 * judged['step']:.0f} ms a step"
            cells = _time(judged["first"]), rate, "", "", _size(judged["memory"])
            found.append((f"{what}: {style.VARIANTS[name]}", *cells))
    return found


def _digits(value: float) -> str:
    """A number to two digits: no more are true."""
    return f"{float(f'{value:.2g}'):,.0f}"


def table(results: Results) -> str:
    """The one table, in Markdown that also reads well as it is."""
    lines = [HEAD, *rows(results)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    text = [f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines]
    return "\n".join([text[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *text[1:]])


def goals(results: Results) -> list[tuple[str, str]]:
    """Each goal: "met", "missed" or "not judged here", and the number reached with the goal behind it."""
    found: list[tuple[str, str]] = []

    def add(met: bool, text: str, judged: bool = True) -> None:
        found.append((("met" if met else "missed") if judged else "not judged here", text))

    if "step" in results:
        variants, judged = results["step"]["variants"], step.judge(results["step"])["variants"]
        ours, precision = _auto(results), results["facts"]["auto"]
        there = precision == "bfloat16" and not results["quick"]  # what the goals were set for
        others = [name for name in judged if name.startswith("pytorch")]
        if ours in judged and "study" in judged:
            faster = judged[ours]["speed_up"]
            text = f"auto ({precision}) is {faster:.2f} times as fast as the study's loop"
            add(faster >= 1.7, f"{text} (goal 1.7)", there)
        if ours in judged and others:
            best = min(others, key=lambda name: judged[name]["seconds"])
            faster = step.ratio(variants[best]["seconds"], variants[ours]["seconds"])
            text = f"auto ({precision}) is {faster:.2f} times as fast as PyTorch at its best, {VARIANTS[best][2]}"
            add(faster >= 1.3, f"{text} (goal 1.3)", there)
        if ours in judged:
            share = judged[ours]["share"]
            text = f"auto ({precision}) reaches {100 * share:.0f} % of the rate of the matrix product"
            add(share >= 0.7, f"{text} (goal 70 %)", there)
    if "start" in results:
        medians = start.judge(results["start"])
        add(medians["import"] <= 0.05, f"the import takes {_time(max(0, medians['import']))} (goal 50 ms)")
        slowest = max(medians[name] for name in ("help", "wrong", "unknown"))
        add(slowest <= 1, f"help and slips are answered within {_time(slowest)} (goal 1 s)")
    if len(results.get("pictures", ())) > 1:
        few, *_, many = results["pictures"]
        for key, what in (("first", "read for the first time"), ("again", "read from the cache")):
            ratio = many[key]["load"] / many["files"] / (few[key]["load"] / few["files"])
            text = f"{what}, each of {many['files']:,} pictures takes {ratio:.2f} times as long as each of"
            add(ratio <= 1.25, f"{text} {few['files']:,} (goal 1.25: linear)", not results["quick"])
        most = max(entry[key]["memory"] for entry in results["pictures"] for key in ("first", "again"))
        text = f"reading and drawing take {_size(most)} of memory at most, however many pictures"
        add(most <= MEMORY, f"{text} (goal {_size(MEMORY)})")
    if "augment" in results:
        seconds = median(results["augment"]["seconds"])
        text = f"{results['augment']['files']:,} pictures are augmented in {_time(seconds)}"
        add(seconds < 10, f"{text} (goal 10 s)", not results["quick"])
    if "style" in results:
        entry, judged = results["style"], style.judge(results["style"])
        slowest = max(judged[name]["first"] for name in judged if name != "pytorch")
        text = f"{entry['steps']} steps of style transfer take {_time(slowest)}, compiling included"
        add(slowest < 10, f"{text} (goal 10 s)", not results["quick"])
        if "pytorch" in judged:
            faster = judged["published"]["faster"]
            text = f"a step of style transfer is {faster:.2f} times as fast as PyTorch's"
            add(faster > 1, f"{text} (goal: faster)", not results["quick"])
    return found


def goal_lines(results: Results) -> str:
    """The goals as a list."""
    return "\n".join(f"- {verdict}: {text}" for verdict, text in goals(results))


def notes(results: Results) -> str:
    """What one must know to read the table."""
    lines = []
    if "step" in results:
        measured = results["step"]
        work = next(iter(measured["variants"].values()))["work"]
        lines.append(NOTES.format(**{**measured, **measured["size"], "work": f"{work / 1e9:.3g}"}))
    lines += [f"- {note[:1].upper()}{note[1:]}." for note in results["remarks"]]
    if "pictures" in results:
        lines.append(NOTES_PICTURES)
    if "style" in results:
        lines.append(NOTES_STYLE)
    return "\n".join(lines)


def page(results: Results) -> str:
    """The committed page."""
    facts = results["facts"]
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return PAGE.format(
        date=results["date"], device=facts["device"], memory=_size(facts["memory"]), system=facts["system"],
        versions=versions, table=table(results), notes=notes(results), goals=goal_lines(results),
    )  # fmt: skip
