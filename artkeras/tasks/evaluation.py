"""Judging a generator: samples and paintings through a network, the metrics on them, one line of JSON each.

The paintings are those of the recipe before augmentation, one picture a painting. The maths is in
`artkeras.metrics`; a score's name is its protocol, and only scores of one name can be compared.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from artkeras import data, metrics
from artkeras.engine import StepModel
from artkeras.errors import UserError
from artkeras.files import atomic
from artkeras.metrics.features import Features
from artkeras.recipes import Recipe
from artkeras.tasks.results import load
from artkeras.tasks.sampling import Trained, fixed_latents, render
from artkeras.training.run import Run

DURING_TRAINING = 250  # samples
SAMPLE_SEED = 1  # not the 0 of the grids, which are looked at
THUMBNAIL = 24  # pixels: the side at which composition is scored; about that of a cell in study 1's published figures
SECOND = {"lite0": "squeezenet"}  # extractor -> the one whose opinion is asked too; for all others lite0
TOO_FEW = "one picture held out is too few to evaluate on: raise --holdout, or add pictures"

Log = Callable[[str], None]


def evaluate(
    what: Run | str | Path,
    *,
    data: str | Path | None = None,
    count: int = 2000,
    seed: int = SAMPLE_SEED,
    features: str | Sequence[Features] = "lite0",
    weights: str = "trained",
    checkpoint: str = "chosen",
    thumbnail: int = THUMBNAIL,
    out: str | Path | None = None,
    log: Log = print,
) -> list[dict[str, Any]]:
    """Score a generator against its paintings, and write the scores to the run's metrics.jsonl.

    Args:
        what: a run, its folder, or the name of a recipe with a result in the kit (written to `out` only).
        data: the folder of its pictures, if they have moved.
        count: samples to draw, at least 100.
        seed: of their latents.
        features: "lite0", "squeezenet" or "inception", see `artkeras.metrics.features`. Composition and texture are
            also scored by a second extractor: SqueezeNet beside Lite0, Lite0 beside the others. Or what `extractors`
            gives, to describe the paintings only once for several evaluations.
        weights: "trained" or "ema", see `artkeras.load`.
        checkpoint: "chosen", the best one where the run was evaluated during training, or "last".
            Results have the chosen one only.
        thumbnail: side in pixels at which composition is scored. Take the size of a cell in a published grid to compare
            with that grid.
        out: write the scores to this file instead, in place of what it holds.
        log: called with each line of news.

    Returns:
        One record a metric, as `artkeras.metrics.record` makes them.

    Raises:
        UserError: without pictures of the recipe's study, or for too few samples.
    """
    if count < 100:
        raise UserError(f"{count} samples are too few to evaluate on: ask for at least 100")
    if checkpoint not in ("chosen", "last"):
        raise UserError(f"checkpoint {checkpoint!r} is unknown: choose chosen or last")
    if thumbnail < 8:
        raise UserError(f"a thumbnail of {thumbnail} pixels shows no composition: ask for at least 8")
    run = as_run(what)
    if checkpoint == "last" and not run:
        raise UserError(f"{what} is a result, which keeps the chosen checkpoint only: evaluate a run's folder")
    describers = extractors(features) if isinstance(features, str) else features
    if run:
        trained = run.sampler(run.latest()[0] if checkpoint == "last" else None, weights)
    else:
        trained = load(str(what), weights)
    paintings, held_out = paintings_of(trained, run, data)
    unseen = len(held_out) if held_out is not None else 0
    against = f"{len(paintings) + unseen} paintings"
    against += f" ({len(paintings)} trained on, {unseen} held out)" if unseen else ""
    log(f"{trained.caption}: {count} samples against {against} from {paintings.source}")
    facts = {
        "recipe": trained.recipe.name,
        "checkpoint": trained.caption,
        "position": checkpoint,
        "pictures": "synthetic placeholder" if paintings.synthetic else "paintings",
        "sample_seed": seed,
        "weights": weights,
    }
    missing: list[str] = []
    records = trained.recipe.of_task.evaluate(
        trained,
        paintings,
        held_out,
        count=count,
        seed=seed,
        features=describers,
        thumbnail=thumbnail,
        facts=facts,
        log=missing.append,
    )
    for line in records:
        spread = f" +- {line['std']:.4f}" if line["std"] is not None else ""
        log(f"{line['value']:9.4f}{spread}  {line['metric']}")
    for line in missing:
        log(line)
    path = Path(out) if out else run.path / "metrics.jsonl" if run else None
    if path:
        before = path.read_text() if path.exists() and not out else ""
        with atomic(path) as part:
            part.write_text(before + "".join(json.dumps(line) + "\n" for line in records))
        log(f"wrote {path}")
    return records


def extractors(name: str = "lite0") -> list[Features]:
    """A feature extractor, and the one whose opinion is asked too.

    Raises:
        UserError: for an unknown name, or when weights cannot be had.
    """
    return [Features(name), Features(SECOND.get(name, "lite0"))]


def score_images(
    fake: np.ndarray,
    train: np.ndarray,
    held_out: np.ndarray | None,
    *,
    features: Sequence[Features],
    facts: dict[str, Any],
    thumbnail: int = THUMBNAIL,
    augmented: bool = False,
) -> list[dict[str, Any]]:
    """All metrics of samples against paintings; which question each one answers is in `artkeras.metrics.registry`.

    Composition is scored on thumbnails, and so is everything about neighbours (recall, near-duplicates, memorization):
    at full size a fine pattern that nobody sees puts every sample far from every painting.

    Args:
        fake: (n, size, size, 3) uint8 samples.
        train: (paintings, size, size, 3) uint8, before augmentation.
        held_out: the same of paintings kept out of training, or None.
        features: one or more extractors; each has a `name` and a `resize`. All score composition and texture, the
            first one scores the rest.
        facts: further entries of each record.
        thumbnail: side in pixels at which composition is scored.
        augmented: whether the generator was trained on all six copies of each painting, which are searched then.
    """
    real = train if held_out is None else np.concatenate([train, held_out])
    metrics.check_originals(real)
    counts = {"n_real": len(real), "n_fake": len(fake), **facts}
    alone = {"n_real": len(real) - len(train), "n_fake": len(fake), "reference": "held_out", **facts}
    records = []
    for describe in features:
        for measure, side in (("texture", None), ("composition", thumbnail)):
            of_real, of_fake = metrics.scaled(describe(real, side), describe(fake, side))
            protocol: dict[str, Any] = {"network": describe.name, "resize": f"{_resize(describe, side)}_scaled"}
            records.append(metrics.record(measure, metrics.kid(of_real, of_fake), **protocol, **counts))
            if held_out is not None:
                kid = metrics.kid(of_real[len(train) :], of_fake)
                records.append(metrics.record(f"{measure}_held_out", kid, **protocol, **alone))
    records.append(metrics.record("palette", metrics.palette_distance(real, fake), **counts))
    if held_out is not None:
        records.append(metrics.record("palette_held_out", metrics.palette_distance(held_out, fake), **alone))
    describe = features[0]
    of_real, of_fake = describe(real), describe(fake)
    plain: dict[str, Any] = {"network": describe.name, "resize": describe.resize, **counts}
    return [
        *records,
        *_neighbourhood(fake, real, len(train), describe, facts, thumbnail, augmented),
        metrics.record("kid", metrics.kid(of_real, of_fake), **plain),
        metrics.record("frechet", metrics.frechet_distance(of_real, of_fake), **plain),
        metrics.record("spectrum", metrics.spectrum_distance(real, fake), **counts),
        metrics.record("checkerboard", max(metrics.checkerboard(fake).values()), **counts),
        metrics.record("checkerboard_of_paintings", max(metrics.checkerboard(real).values()), **counts),
        metrics.record("blur", metrics.blur(real, fake), **counts),
    ]


def _resize(describe: Features, thumbnail: int | None) -> str:
    """How images are brought to an extractor's size, as it stands in the names of scores."""
    return describe.resize if thumbnail is None else f"bicubic{thumbnail}_{describe.resize}"


def _neighbourhood(
    fake: np.ndarray,
    real: np.ndarray,
    trained: int,
    describe: Features,
    facts: dict[str, Any],
    thumbnail: int,
    augmented: bool,
) -> list[dict[str, Any]]:
    """What is measured by distances to the nearest: precision, recall, diversity, near-duplicates, memorization.

    The first `trained` of the real images are those of the training.
    """
    # a painting that was photographed twice has itself as its nearest, which tells nothing about paintings
    kept = metrics.without_duplicates(real)
    of_real, of_fake = describe(real, thumbnail), describe(fake, thumbnail)
    protocol: dict[str, Any] = {"network": describe.name, "resize": _resize(describe, thumbnail), **facts}
    counts = {"n_real": len(kept), "n_fake": len(fake), **protocol}
    precision, recall = metrics.precision_recall(of_real[kept], of_fake, k=3)
    spread = metrics.diversity(of_fake, of_real[kept])
    records = [
        metrics.record("precision", precision, k=3, **counts),
        metrics.record("recall", recall, k=3, **counts),
        metrics.record("diversity", spread.mean_distance / spread.real_mean_distance, **counts),
        metrics.record("near_duplicates", spread.near_share, **counts),
    ]
    unseen = kept[kept >= trained]
    if len(unseen):
        known = of_real[:trained]
        if augmented:
            known = describe(metrics.six_copies(real[:trained]).reshape(-1, *real.shape[1:]), thumbnail)
        found = metrics.memorization(of_fake, known, of_real[unseen], copies=6 if augmented else 1)
        among = protocol | {"n_real": trained, "n_fake": len(fake), "held_out": len(unseen)}
        records.append(metrics.record("memorization_p50", found.below_median, **among))
        records.append(metrics.record("memorization_p5", found.below_p5, **among))
    return records


class Validator:
    """Scores a model in the middle of its training, for the history, on 250 samples against the held-out paintings.

    Composition and palette of the trained and of the averaged weights, KID and diversity at full size, and what
    `GAN.probe` gives. Held-out paintings are few, so numbers are rougher than those of `evaluate` and not to be
    compared with them.
    """

    columns: tuple[str, ...] = (
        "composition",
        "palette",
        "composition_ema",
        "palette_ema",
        "kid",
        "diversity",
        "train_eval_gap_real",
        "train_eval_gap_fake",
        "g_gradient",
    )
    selection: tuple[str, ...] = ("composition", "palette")

    def __init__(self, recipe: Recipe, pictures: data.Pictures, held_out: data.Pictures, features: Features):
        """Describe the held-out paintings, once.

        Raises:
            UserError: when they are too few to evaluate on, or repeat each other.
        """
        self.recipe, self.features = recipe, features
        self.real = held_out.take(range(len(held_out)))
        self.of_real, self.of_small = features(self.real), features(self.real, THUMBNAIL)
        check_held_out(self.of_real)
        self.batch = pictures.take(np.random.default_rng(recipe.seed).integers(len(pictures), size=64))
        if not recipe.ema:
            self.columns = tuple(name for name in self.columns if not name.endswith("_ema"))

    def __call__(self, model: StepModel) -> dict[str, float]:
        """Score: name -> value, in the columns of history.csv."""
        fake = self._samples(model)
        found = self._composed(fake)
        if model.average is not None:
            with model.average.in_use():
                averaged = self._composed(self._samples(model))
            found |= {f"{name}_ema": value for name, value in averaged.items()}
        of_fake = self.features(fake)
        spread = metrics.diversity(of_fake, self.of_real)
        batch = self.batch[..., ::-1].copy() if self.recipe.channels == "bgr" else self.batch
        return {
            **found,
            "kid": metrics.kid(self.of_real, of_fake).mean,
            "diversity": spread.mean_distance / spread.real_mean_distance,
            **{name: float(value) for name, value in model.probe(batch).items()},
        }

    def _samples(self, model: StepModel) -> np.ndarray:
        generator = model.generator
        return render(self.recipe, generator, fixed_latents(DURING_TRAINING, generator.input_shape[-1], SAMPLE_SEED))

    def _composed(self, fake: np.ndarray) -> dict[str, float]:
        of_real, of_fake = metrics.scaled(self.of_small, self.features(fake, THUMBNAIL))
        return {
            "composition": metrics.kid(of_real, of_fake).mean,
            "palette": metrics.palette_distance(self.real, fake),
        }


def check_held_out(features: np.ndarray) -> None:
    """Refuse what cannot be evaluated before a training starts, and not in the middle of it.

    Args:
        features: (n, d) of the held-out pictures.

    Raises:
        UserError: when they are too few, or repeat each other.
    """
    if len(features) < 2:
        raise UserError(TOO_FEW)
    metrics.diversity(features, features)


def as_run(what: Run | str | Path) -> Run | None:
    """The run that is meant, or None for a recipe's name."""
    if isinstance(what, Run):
        return what
    return Run(what) if Run.is_run(what) else None


def paintings_of(trained: Trained, run: Run | None, folder: str | Path | None) -> tuple[data.Pictures, Any]:
    """The paintings to hold against what was trained: `(those of the training, before augmentation, held out or None)`.

    Raises:
        UserError: there are none, or they are not those the run was trained on.
    """
    train, held_out = run.pictures(folder) if run else trained.recipe.pictures(folder)
    if run is None and train.synthetic:
        raise UserError(
            f"no pictures of {trained.recipe.study} to evaluate on: set ARTKERAS_DATA to the folder that holds them, "
            "or pass --data FOLDER"
        )
    return train.originals(), held_out
