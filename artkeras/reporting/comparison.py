"""Runs side by side: how their recipes differ, and how their curves and samples do."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from artkeras.errors import UserError
from artkeras.metrics import registry
from artkeras.reporting import figures
from artkeras.training.run import Run
from artkeras.training.tables import Table

SAMPLES = 8  # of each variant, the same latents
TITLES = {
    "loss": "loss",
    "accuracy": "accuracy of the discriminator",
    **{chart.key: chart.heading for chart in registry.CHARTS},
    "gap": "discriminator's score, training minus inference",
    "gradient": "gradient that reaches the generator",
}
COLOURS = {
    "d_loss": "C0",
    "g_loss": "C1",
    "d_real": "C2",
    "d_fake": "C1",
    "d_pairs": "C2",
    "validation_loss": "C3",
    "training_loss": "C2",
    "train_eval_gap_real": "C2",
    "train_eval_gap_fake": "C1",
    "loss": "C0",
    "reconstruction_loss": "C2",
    "kl_loss": "C1",
    "validation_error": "C3",
    "training_error": "C2",
    "cycle_error": "C4",
    "composition": "C3",
    "palette": "C4",
    "composition_ema": "C0",
    "palette_ema": "C2",
}

Log = Callable[[str], None]


def compare(runs: Sequence[Run | str | Path], out: str | Path = "compare.png", *, log: Log = print) -> Path:
    """Draw runs side by side, and write their last numbers to a table of the same name ending in `.csv`.

    Runs that differ only in the seed share a row, a line each. Variants have a row each, in the order given, and share
    their axes. The samples are by the first run of each row, from the same latents, not chosen.

    Args:
        runs: at least two, or their folders.
        out: the figure, ending in `.png`.
        log: called with a line about each variant, the values in which it differs from the first.

    Returns:
        Path of the figure.

    Raises:
        UserError: there are fewer than two runs, one has no finished epoch, or they have different pictures.
    """
    opened = [run if isinstance(run, Run) else Run(run) for run in runs]
    if len(opened) < 2:
        raise UserError("one run cannot be compared: give at least two")
    for run in opened:
        if not len(run.history().get("epoch", ())):
            raise UserError(f"{run.path} has not finished an epoch yet: continue its training, then compare")
    _check_pictures(opened)
    variants = _variants(opened)
    for name, (first, *_) in variants.items():
        log(f"{name}: {_changes(next(iter(variants.values()))[0], first) or 'the first, as it is'}")
    out = Path(out)
    figures.save(_figure(variants), out)
    _write_table(variants, out.with_suffix(".csv"))
    return out


def _check_pictures(runs: list[Run]) -> None:
    """Refuse runs of different pictures; those of one size from one source may be cut or chosen differently."""
    pictures = [run.environment["pictures"] for run in runs]
    same = len({facts["fingerprint"] for facts in pictures}) == 1
    one_place = len({(run.recipe.size, facts["source"]) for run, facts in zip(runs, pictures, strict=True)}) == 1
    one_study = len({(run.recipe.size, run.recipe.study, run.synthetic) for run in runs}) == 1
    if not (same or one_study or (one_place and not runs[0].synthetic)):
        found = sorted(
            f"{facts['pictures']} of {facts['source']} at {run.recipe.size} pixels"
            for run, facts in zip(runs, pictures)
        )
        raise UserError(
            f"the runs were trained on different pictures ({'; '.join(dict.fromkeys(found))}), so their numbers cannot "
            "be compared: give runs of the same pictures"
        )


def parting(run: Run, times: float = 3.0) -> int | None:
    """The step from which a GAN's generator loss stays well above its discriminator loss.

    Args:
        run: of a GAN.
        times: by which factor; both losses are running means.

    Returns:
        A step, from 1, or None if the losses are closer at the end.
    """
    steps = run.iterations()
    d_loss, g_loss = (figures.running_mean(steps[name]) for name in ("d_loss", "g_loss"))
    near = np.flatnonzero(g_loss < times * d_loss)
    first = int(near[-1]) + 2 if len(near) else 1
    return first if first <= len(g_loss) else None


def _values(run: Run) -> dict[str, Any]:
    """The values that decide a run's result, its seed left out: the recipe's with dotted keys, and the precision."""
    flat: dict[str, Any] = {}

    def visit(prefix: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for key, item in value.items():
                visit(f"{prefix}.{key}".strip("."), item)
        else:
            flat[prefix] = value

    visit("", run.recipe.to_json())
    for name in ("name", "seed", "scale", "sample_every", "eval_every"):
        del flat[name]
    return flat | {"precision": run.environment["precision"]}


def _changes(one: Run, other: Run) -> str:
    a, b = _values(one), _values(other)
    return ", ".join(f"{key} {b.get(key)} (not {a.get(key)})" for key in a | b if a.get(key) != b.get(key))


def _variants(runs: list[Run]) -> dict[str, list[Run]]:
    """Runs by their recipe's name, with the values that differ where several variants have the same name."""
    groups: list[tuple[dict[str, Any], list[Run]]] = []
    for run in runs:
        values = _values(run)
        for known, members in groups:
            if known == values and members[0].recipe.name == run.recipe.name:
                members.append(run)
                break
        else:
            groups.append((values, [run]))
    named: dict[str, list[Run]] = {}
    for values, members in groups:
        name = members[0].recipe.name
        namesakes = [other for other, others in groups if others[0].recipe.name == name]
        apart = [key for key in values if any(other.get(key) != values[key] for other in namesakes)]
        named[" ".join([name, *(f"{key.split('.')[-1]} {values[key]}" for key in apart)])] = members
    return named


def _column(measure: str) -> str | None:
    """The column of the figure that a measure is drawn in."""
    if chart := next((chart.key for chart in registry.CHARTS if measure in chart.lines), None):
        return chart
    if figures.category(measure) == "loss":
        return "loss"
    if measure.startswith("train_eval_gap_"):
        return "gap"
    if measure in ("d_real", "d_fake", "d_pairs"):
        return "accuracy"
    if measure == "g_gradient":
        return "gradient"
    return None


def _lines(run: Run) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Measure -> (steps, values): losses and accuracies as running means of every step, the rest where measured."""
    iterations, history = run.iterations(), run.history()
    found = {
        name: (np.arange(1, len(values) + 1), figures.running_mean(values))
        for name, values in iterations.items()
        if name not in ("epoch", "step")
    }
    per_epoch = np.count_nonzero(iterations["epoch"] == 1)
    for name in history.keys() - found.keys() - {"epoch", "seconds"}:
        measured = np.isfinite(history[name])
        if measured.any():
            found[name] = history["epoch"][measured] * per_epoch, history[name][measured]
    return {name: line for name, line in found.items() if _column(name)}


def _figure(variants: Mapping[str, list[Run]]):
    from matplotlib import pyplot as plt

    lines = {name: [_lines(run) for run in members] for name, members in variants.items()}
    present = {_column(measure) for members in lines.values() for line in members for measure in line}
    shown = [key for key in TITLES if key in present]
    if "gap" in shown:  # the accuracies say less
        shown.remove("accuracy")
    pictures = {name: members[0].sample(SAMPLES) for name, members in variants.items()}
    figure, axes = plt.subplots(
        len(variants),
        len(shown) + 1,
        figsize=(2.3 * len(shown) + 3.4, 1.35 * len(variants) + 0.5),
        width_ratios=[1.0] * len(shown) + [1.5],
        squeeze=False,
        layout="constrained",
        sharex="col",
    )
    for row, name in zip(axes, variants, strict=True):
        for axis, key in zip(row, shown, strict=False):
            for line in lines[name]:
                for measure, (steps, values) in line.items():
                    if _column(measure) == key:
                        axis.plot(
                            steps, values, marker="o" if len(steps) < 20 else "", ms=3, lw=1.1, alpha=0.75,
                            color=COLOURS.get(measure, "C3"), label=measure,
                        )  # fmt: skip
            axis.spines[["top", "right"]].set_visible(False)
            axis.tick_params(labelsize=7)
        row[-1].imshow(figures.grid(pictures[name], SAMPLES // 2))
        row[-1].set_axis_off()
        row[0].set_ylabel(name.split("/", 1)[-1].replace(" ", "\n"), fontsize=8, rotation=0, ha="right", va="center")
    for column, key in enumerate(shown):
        _share_height(axes[:, column], log_scale=key in ("loss", "gradient"))
        axes[0, column].set_xlim(left=0)
        axes[0, column].set_title(TITLES[key], fontsize=8)
        axes[-1, column].set_xlabel("step", fontsize=8)
        handles = dict(zip(*reversed(axes[0, column].get_legend_handles_labels()), strict=True))
        if len(handles) > 1:
            axes[0, column].legend(handles.values(), handles.keys(), fontsize=6, frameon=False)
    axes[0, -1].set_title("samples of the first seed, not chosen", fontsize=8)
    plt.close(figure)
    return figure


def _share_height(axes, *, log_scale: bool) -> None:
    """Give a column of axes one range; logarithmic for what shrinks towards 0."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    values = np.concatenate([line.get_ydata() for axis in axes for line in axis.lines])
    if log_scale and (values > 0).all():
        low, high = values.min() / 1.5, values.max() * 1.5
    else:
        log_scale = False
        margin = 0.05 * (values.max() - values.min() or 1.0)
        low, high = values.min() - margin, values.max() + margin
    for axis in axes:
        if log_scale:
            axis.set_yscale("log")
            few = high / low < 100  # else one label a decade, as usual
            axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
            axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.yaxis.set_minor_formatter(NullFormatter())
        axis.set_ylim(low, high)


def _write_table(variants: Mapping[str, list[Run]], path: Path) -> None:
    """The last measured value of each measure, a run a row; losses and accuracies as means of the last epoch."""
    first = next(iter(variants.values()))[0]
    measures = list(dict.fromkeys(name for runs in variants.values() for run in runs for name in run.history()))
    rows = []
    for name, members in variants.items():
        for run in members:
            history = run.history()
            measured = {m: history[m][np.isfinite(history[m])] for m in measures if m in history}
            last = {m: measured[m][-1] if len(measured.get(m, ())) else "" for m in measures}
            last["epoch"] = int(last["epoch"])
            rows.append(
                {"variant": name, "changed": _changes(first, run), "seed": run.recipe.seed}
                | {m: value if isinstance(value, int | str) else f"{value:.6g}" for m, value in last.items()}
            )
    path.unlink(missing_ok=True)
    table = Table(path)
    table.append(rows)
    table.close()
