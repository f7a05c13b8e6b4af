"""Judging a generator: samples and paintings through a network, the metrics on them, one line of JSON each.

The paintings are those of the recipe before augmentation, one picture a painting. The maths is in
`artkeras.metrics`; a score's name is its protocol, and only scores of one name can be compared.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from artkeras import data, metrics
from artkeras.engine import StepModel
from artkeras.errors import UserError
from artkeras.features import Features
from artkeras.files import atomic
from artkeras.recipes import Recipe
from artkeras.run import Run
from artkeras.sampling import Trained, fixed_latents, load, render

DURING_TRAINING = 250  # samples
SAMPLE_SEED = 1  # not the 0 of the grids, which are looked at
TOO_FEW = "one picture held out is too few to judge by: raise --holdout, or add pictures"

Log = Callable[[str], None]


def evaluate(
    what: Run | str | Path,
    *,
    data: str | Path | None = None,
    count: int = 2000,
    seed: int = SAMPLE_SEED,
    features: str = "lite0",
    weights: str = "trained",
    log: Log = print,
) -> list[dict[str, Any]]:
    """Score a generator against its paintings, and write the scores to the run's metrics.jsonl.

    Args:
        what: a run, its folder, or the name of a recipe with a result in the kit (nothing is written then).
        data: the folder of its pictures, if they have moved.
        count: samples to draw, at least 100.
        seed: of their latents.
        features: "lite0", "squeezenet" or "inception", see `artkeras.features`.
        weights: "trained" or "ema", see `artkeras.load`.
        log: called with each line of news.

    Returns:
        One record a metric, as `artkeras.metrics.record` makes them.

    Raises:
        UserError: without pictures of the recipe's study, or for too few samples.
    """
    if count < 100:
        raise UserError(f"{count} samples are too few to judge by: ask for at least 100")
    run = as_run(what)
    describe = Features(features)
    trained = run.sampler(weights=weights) if run else load(str(what), weights)
    paintings, held_out = paintings_of(trained, run, data)
    unseen = len(held_out) if held_out is not None else 0
    among = f"{len(paintings) + unseen} paintings"
    among += f" ({len(paintings)} trained on, {unseen} held out)" if unseen else ""
    log(f"{trained.caption}: {count} samples against {among} from {paintings.source}")
    facts = {
        "recipe": trained.recipe.name,
        "checkpoint": trained.caption,
        "pictures": "procedural stand-in" if paintings.stand_in else "paintings",
        "sample_seed": seed,
        "weights": weights,
    }
    missing: list[str] = []
    records = trained.recipe.of_kind.judge(
        trained, paintings, held_out, count=count, seed=seed, features=describe, facts=facts, log=missing.append
    )
    for line in records:
        spread = f" +- {line['std']:.4f}" if line["std"] is not None else ""
        log(f"{line['value']:9.4f}{spread}  {line['metric']}")
    for line in missing:
        log(line)
    if run:
        path = run.path / "metrics.jsonl"
        before = path.read_text() if path.exists() else ""
        with atomic(path) as part:
            part.write_text(before + "".join(json.dumps(line) + "\n" for line in records))
        log(f"wrote {path}")
    return records


def judge(
    fake: np.ndarray,
    train: np.ndarray,
    held_out: np.ndarray | None,
    *,
    features: Features,
    facts: dict[str, Any],
) -> list[dict[str, Any]]:
    """All metrics of samples against paintings.

    Args:
        fake: (n, size, size, 3) uint8 samples.
        train: (paintings, size, size, 3) uint8, before augmentation.
        held_out: the same of paintings kept out of training, or None.
        features: describes pictures; has a `name` and a `resize`.
        facts: further entries of each record.
    """
    real = train if held_out is None else np.concatenate([train, held_out])
    metrics.check_originals(real)
    real_features, fake_features = features(real), features(fake)
    protocol = {"network": features.name, "resize": features.resize, "n_real": len(real), "n_fake": len(fake), **facts}
    plain = {"n_real": len(real), "n_fake": len(fake), **facts}

    precision, recall = metrics.precision_recall(real_features, fake_features, k=3)
    variety = metrics.diversity(fake_features, real_features)
    records = [
        metrics.record("kid", metrics.kernel_distance(real_features, fake_features), **protocol),
        metrics.record("frechet", metrics.frechet_distance(real_features, fake_features), **protocol),
        metrics.record("precision", precision, k=3, **protocol),
        metrics.record("recall", recall, k=3, **protocol),
        metrics.record("distance_of_samples", variety.mean_distance / variety.real_mean_distance, **protocol),
        metrics.record("near_identical", variety.near_share, **protocol),
        metrics.record("spectrum", metrics.spectrum_distance(real, fake), **plain),
        metrics.record("chequerboard", max(metrics.chequerboard(fake).values()), **plain),
        metrics.record("chequerboard_of_paintings", max(metrics.chequerboard(real).values()), **plain),
        metrics.record("fog", metrics.fog(real, fake), **plain),
    ]
    if held_out is not None:
        copied = metrics.memorisation(fake_features, real_features[: len(train)], real_features[len(train) :])
        among = protocol | {"n_real": len(train), "held_out": len(held_out)}
        records.append(metrics.record("nearer_than_half_the_unseen", copied.below_median, **among))
        records.append(metrics.record("nearer_than_a_twentieth_of_the_unseen", copied.below_p5, **among))
    return records


class Watch:
    """Judges a model in the middle of its training, for the history: kernel distance, variety, and `GAN.probe`.

    The kernel distance is that of 250 samples from the held-out paintings, on EfficientNet-Lite0 features;
    `distance_of_samples` how far these samples are from each other, as a share of the paintings' own distance. Held-out
    paintings are few, so numbers are rougher than those of `evaluate` and not to be compared with them.
    """

    def __init__(self, recipe: Recipe, pictures: data.Pictures, held_out: data.Pictures, features: Features):
        """Describe the held-out paintings, once.

        Raises:
            UserError: when they are too few to judge by, or repeat each other.
        """
        self.recipe, self.features = recipe, features
        self.real = features(held_out.take(range(len(held_out))))
        check_held_out(self.real)
        self.batch = pictures.take(np.random.default_rng(recipe.seed).integers(len(pictures), size=64))

    columns: tuple[str, ...] = ("kid", "distance_of_samples", "gap_real", "gap_fake", "g_gradient")
    smallest = "kid"

    def __call__(self, model: StepModel) -> dict[str, float]:
        """Judge: `{"kid": ..., ...}` and what the model's `probe` says, in the columns of history.csv."""
        generator = model.generator
        latents = fixed_latents(DURING_TRAINING, generator.input_shape[-1], SAMPLE_SEED)
        fake = self.features(render(self.recipe, generator, latents))
        variety = metrics.diversity(fake, self.real)
        batch = self.batch[..., ::-1].copy() if self.recipe.channels == "bgr" else self.batch
        return {
            "kid": metrics.kernel_distance(self.real, fake).mean,
            "distance_of_samples": variety.mean_distance / variety.real_mean_distance,
            **{name: float(value) for name, value in model.probe(batch).items()},
        }


def check_held_out(features: np.ndarray) -> None:
    """Refuse what cannot be judged by before a training starts, and not in the middle of it.

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
    if run is None and train.stand_in:
        raise UserError(
            f"no pictures of {trained.recipe.study} to judge by: set ARTKERAS_DATA to the folder that holds them, "
            "or pass --data FOLDER"
        )
    return train.originals(), held_out
