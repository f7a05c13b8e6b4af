"""Autoencoders: pictures through a bottleneck and back, and what comes out of it when nothing was put in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from artkeras import metrics
from artkeras.tasks.base import Task, chosen

if TYPE_CHECKING:
    from artkeras import data
    from artkeras.engine import StepModel
    from artkeras.metrics.features import Features
    from artkeras.recipes import Recipe
    from artkeras.tasks.reconstructor import Reconstructor

EXAMPLES = 14  # two rows of the grid
FRAMES = 9  # of a walk
WALKS = 50  # from painting to painting, that steps are measured on


class _Autoencoder(Task):
    kept = ("encoder", "decoder")
    examples_shown = EXAMPLES
    losses = (
        "The reconstruction loss says how far reconstructions are from their images. A variational autoencoder also "
        "pays for every latent that tells images apart (the divergence), and lowers the sum."
    )

    def open(self, recipe, networks, caption):
        from artkeras.tasks.reconstructor import Reconstructor

        return Reconstructor(recipe, networks, caption)

    def validator(self, recipe, train, held_out, features):
        return Validator(recipe, train, held_out)

    def evaluate(self, trained, train, held_out, *, count, seed, features, thumbnail, facts, log):
        from artkeras.tasks import evaluation

        seen = train.take(range(len(train)))
        unseen = held_out.take(range(len(held_out))) if held_out is not None else None
        made, known = trained.sample(count, seed), seen if unseen is None else np.concatenate([seen, unseen])
        records = evaluation.score_images(made, seen, unseen, features=features, facts=facts, thumbnail=thumbnail)
        # to a network that looks for shapes, blurry pictures are all alike: pixels say whether colours and light differ
        found = metrics.diversity_of_images(made, known)
        share = found.mean_distance / found.real_mean_distance
        records.append(metrics.record("pixel_diversity", share, n_real=len(known), n_fake=len(made), **facts))
        records += there_and_back(trained, seen, unseen, facts)
        records += in_between(trained, known, features[0], seed, facts)
        if unseen is None:
            log("no error on unseen paintings: none was held out (train with --holdout 0.1)")
        return records


def there_and_back(
    reconstructor: Reconstructor, seen: np.ndarray, unseen: np.ndarray | None, facts: dict
) -> list[dict]:
    """How well paintings come back: their error, that of an average painting in their place, and detail that is lost.

    Args:
        reconstructor: what was trained.
        seen: (n, size, size, 3) uint8, the paintings it was trained on.
        unseen: the same of paintings it was not, or None.
        facts: further entries of each record.
    """
    record, error = metrics.record, metrics.reconstruction_error
    protocol = {"n_real": len(seen), "n_fake": len(seen), "reference": "seen", **facts}
    found = error(seen, reconstructor.reconstruct(seen))
    records = [record("training_reconstruction_error", found.mean(), found.std(), **protocol)]
    if unseen is None:
        return records
    back = reconstructor.reconstruct(unseen)
    average = np.repeat(np.rint(seen.mean(0, keepdims=True)).astype(np.uint8), len(unseen), 0)
    protocol |= {"n_real": len(unseen), "n_fake": len(unseen), "reference": "held_out"}
    found, guessed = error(unseen, back), error(unseen, average)
    return [
        *records,
        record("reconstruction_error", found.mean(), found.std(), **protocol),
        record("error_of_average_painting", guessed.mean(), guessed.std(), **protocol),
        record("blur_of_reconstructions", metrics.blur(unseen, back), **protocol),
    ]


def in_between(
    reconstructor: Reconstructor, paintings: np.ndarray, features: Features, seed: int, facts: dict
) -> list[dict]:
    """What lies between the latents of two paintings: how far it is from paintings, and how evenly one gets there.

    Args:
        reconstructor: what was trained.
        paintings: (n, size, size, 3) uint8.
        features: describes pictures.
        seed: decides which paintings are paired.
        facts: further entries of each record.
    """
    order = np.random.default_rng(seed).permutation(len(paintings))
    latents = reconstructor.encode(paintings)[order]
    back, middle = reconstructor.pictures(latents), reconstructor.pictures((latents + np.roll(latents, 1, axis=0)) / 2)
    real = features(paintings)
    protocol = {"network": features.name, "resize": features.resize, "n_real": len(real), "n_fake": len(real), **facts}
    ends = paintings[order][: 2 * WALKS]
    walks = [reconstructor.between(ends[i], ends[i + 1], FRAMES) for i in range(0, len(ends) - 1, 2)]
    steps = np.array([metrics.largest_step(walk) for walk in walks])
    counts: dict[str, Any] = {"n_real": 2 * len(walks), "n_fake": FRAMES * len(walks)}
    return [
        metrics.record("kid_of_reconstructions", metrics.kid(real, features(back)), **protocol),
        metrics.record("kid_halfway", metrics.kid(real, features(middle)), **protocol),
        metrics.record("largest_step", steps.mean(), steps.std(), **counts, **facts),
    ]


class Validator:
    """Measures in the middle of training how well unseen paintings come back, and as many of the seen ones."""

    columns: tuple[str, ...] = ("validation_error", "training_error")
    selection: tuple[str, ...] = ("validation_error",)

    def __init__(self, recipe: Recipe, train: data.Pictures, held_out: data.Pictures):
        """Choose the paintings, once."""
        self.recipe = recipe
        self.unseen = held_out.take(range(len(held_out)))
        known = train.originals()
        self.seen = known.take(chosen(len(self.unseen), len(known), recipe.seed))

    def __call__(self, model: StepModel) -> dict[str, float]:
        """Mean errors, shares of the way from black to white, see `artkeras.metrics.reconstruction_error`."""
        reconstructor = AUTOENCODER.open(self.recipe, model.networks, "")
        return {
            name: float(metrics.reconstruction_error(paintings, reconstructor.reconstruct(paintings)).mean())
            for name, paintings in zip(self.columns, (self.unseen, self.seen), strict=True)
        }


AUTOENCODER = _Autoencoder()
"""Encoder and decoder, plain or variational."""
