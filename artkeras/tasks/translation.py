"""Translators between two domains of pictures: CycleGAN from unpaired sets, pix2pix from pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from artkeras import metrics
from artkeras.data import pairs
from artkeras.errors import UserError
from artkeras.tasks.base import Task, chosen

if TYPE_CHECKING:
    from artkeras.engine import StepModel
    from artkeras.metrics.features import Features
    from artkeras.recipes import Recipe
    from artkeras.tasks.translate import Translator


class Translation(Task):
    """What both have in common: pictures of two domains, and translators from one to the other."""

    examples_shown = 6
    plans_steps = True

    def find(self, recipe: Recipe, folder: str | Path | None = None) -> Path | None:
        """Where the pictures of both domains are, see `artkeras.data.pairs.find`."""
        a, b = recipe.domains.values()
        return pairs.find(recipe.study, (a, b), folder)

    def pictures(self, recipe: Recipe, folder: str | Path | None = None) -> tuple[pairs.Pairs, pairs.Pairs | None]:
        """Pictures of both domains, see `artkeras.data.pairs.load`."""
        a, b = recipe.domains.values()
        return pairs.load(
            recipe.study, (a, b), recipe.size, folder=folder, fit=recipe.fit,
            holdout=recipe.holdout, seed=recipe.seed, limit=recipe.limit,
        )  # fmt: skip

    def open(self, recipe: Recipe, networks: Mapping[str, Any], caption: str) -> Translator:
        """A `Translator` of the networks that are kept."""
        from artkeras.tasks.translate import Translator

        return Translator(recipe, {name: networks[name] for name in self.kept}, caption)

    def evaluate(
        self,
        trained: Any,
        train: pairs.Pairs,
        held_out: pairs.Pairs | None,
        *,
        count: int,
        seed: int,
        features: Sequence[Features],
        thumbnail: int,
        facts: dict[str, Any],
        log: Callable[[str], None],
    ) -> list[dict[str, Any]]:
        """Scores on at most `count` unseen pictures, by `score_paired` or `score_unpaired`.

        Raises:
            UserError: where no pictures were held out.
        """
        if held_out is None:
            raise UserError(
                f"{trained.recipe.name} is scored on pictures it has not seen, and none were held out: "
                "train it with --holdout 0.1"
            )
        if train.aligned:
            average = np.rint(train.whole("b").mean(axis=0)).astype(np.uint8)
            return score_paired(trained, average, held_out, count=count, features=features[0], facts=facts)
        return score_unpaired(trained, held_out, count=count, features=features[0], facts=facts)


class _Pix2Pix(Translation):
    kept = ("a_to_b",)
    losses = (
        "Each network lowers its own loss. The translator learns to come near the real image (l1_loss) and to deceive "
        "the discriminator (g_loss). The discriminator learns to tell translations from real images (d_loss)."
    )

    def validator(
        self, recipe: Recipe, train: pairs.Pairs, held_out: pairs.Pairs, features: Callable[[], Features]
    ) -> PairedWatch:
        """Measures errors, by no network."""
        return PairedWatch(recipe, train, held_out)


class _CycleGAN(Translation):
    kept = ("a_to_b", "b_to_a")
    losses = (
        "Each network lowers its own loss. The translators learn to restore an image after translating it there and "
        "back (cycle_loss), to keep an image of the right domain as it is (identity_loss), and to deceive the "
        "discriminators (g_loss). These learn to tell translations from real images (d_loss)."
    )

    def validator(
        self, recipe: Recipe, train: pairs.Pairs, held_out: pairs.Pairs, features: Callable[[], Features]
    ) -> UnpairedWatch:
        """Measures KID and the way back."""
        return UnpairedWatch(recipe, held_out, features())


PIX2PIX = _Pix2Pix()
"""One translator and a discriminator, from pairs."""

CYCLEGAN = _CycleGAN()
"""Two translators and two discriminators, from two sets."""


# --- scores -----------------------------------------------------------------------------------------------


class PairedWatch:
    """Measures in the middle of training how near translations come to what was there: unseen pairs, as many seen."""

    columns: tuple[str, ...] = ("validation_error", "training_error")
    selection: tuple[str, ...] = ("validation_error",)

    def __init__(self, recipe: Recipe, train: pairs.Pairs, held_out: pairs.Pairs):
        """Choose the pairs, once."""
        self.recipe, unseen = recipe, range(len(held_out))
        seen = chosen(len(held_out), len(train), recipe.seed)
        self.pairs = [(of.whole("a", which), of.whole("b", which)) for of, which in ((held_out, unseen), (train, seen))]

    def __call__(self, model: StepModel) -> dict[str, float]:
        """Mean absolute differences, shares of the way from black to white."""
        translator = PIX2PIX.open(self.recipe, model.networks, "")
        errors = (metrics.absolute_difference(b, translator.translate(a)).mean() for a, b in self.pairs)
        return {name: float(error) for name, error in zip(self.columns, errors, strict=True)}


class UnpairedWatch:
    """Measures in the middle of training whether unseen pictures of A become like those of B, and find back."""

    columns: tuple[str, ...] = ("kid", "cycle_error")
    selection: tuple[str, ...] = ("kid",)

    def __init__(self, recipe: Recipe, held_out: pairs.Pairs, features: Features):
        """Describe B, once.

        Raises:
            UserError: when there are too few held-out pictures, or those of B repeat each other.
        """
        from artkeras.tasks.evaluation import TOO_FEW, check_held_out

        self.recipe, self.features = recipe, features
        self.a, self.of_b = held_out.whole("a"), features(held_out.whole("b"))
        check_held_out(self.of_b)
        if len(self.a) < 2:
            raise UserError(TOO_FEW)

    def __call__(self, model: StepModel) -> dict[str, float]:
        """KID of translations from B, and mean absolute difference of what comes back from A."""
        translator = CYCLEGAN.open(self.recipe, model.networks, "")
        to_b = translator.translate(self.a)
        back = translator.translate(to_b, reverse=True)
        return {
            "kid": metrics.kid(self.of_b, self.features(to_b)).mean,
            "cycle_error": float(metrics.absolute_difference(self.a, back).mean()),
        }


def score_paired(
    translator: Translator,
    average: np.ndarray,
    unseen: pairs.Pairs,
    *,
    count: int,
    features: Features,
    facts: dict[str, Any],
) -> list[dict[str, Any]]:
    """How near translations of A come to the B that was there, beside one constant answer.

    Args:
        translator: from A to B.
        average: (size, size, 3) uint8, that answer: the mean B of the training pictures.
        unseen: pairs kept out of training.
        count: at most so many of them.
        features: describes pictures; has a `name` and a `resize`.
        facts: further entries of each record.
    """
    record, some = metrics.record, range(min(count, len(unseen)))
    a, b = unseen.whole("a", some), unseen.whole("b", some)
    fake, constant = translator.translate(a), np.broadcast_to(average, b.shape)
    l1, l1_average = (metrics.absolute_difference(b, pictures) for pictures in (fake, constant))
    ssim, ssim_average = (metrics.ssim(b, pictures) for pictures in (fake, constant))
    kid = metrics.kid(features(b), features(fake))
    plain = {"n_real": len(b), "n_fake": len(b), "reference": "held_out", **facts}
    return [
        record("l1", l1.mean(), l1.std(), **plain),
        record("l1_of_average", l1_average.mean(), l1_average.std(), **plain),
        record("ssim", ssim.mean(), ssim.std(), **plain),
        record("ssim_of_average", ssim_average.mean(), ssim_average.std(), **plain),
        record("kid", kid, network=features.name, resize=features.resize, **plain),
    ]


def score_unpaired(
    translator: Translator,
    unseen: pairs.Pairs,
    *,
    count: int,
    features: Features,
    facts: dict[str, Any],
) -> list[dict[str, Any]]:
    """How near a translator's pictures come to the other domain, how well they find back, how vivid they are.

    Args:
        translator: both ways.
        unseen: pictures kept out of training.
        count: at most so many of each domain.
        features: describes pictures; has a `name` and a `resize`.
        facts: further entries of each record.
    """
    record, distance, difference = metrics.record, metrics.kid, metrics.absolute_difference
    a, b = (unseen.whole(side)[:count] for side in ("a", "b"))
    to_b, to_a = translator.translate(a), translator.translate(b, reverse=True)
    back_a, back_b = translator.translate(to_b, reverse=True), translator.translate(to_a)
    of_a, of_b = features(a), features(b)
    here = {"reference": "held_out", **facts}
    seen_by = {"network": features.name, "resize": features.resize, **here}
    error_a, error_b = difference(a, back_a), difference(b, back_b)
    vivid_a, vivid_b, vivid_fake = (metrics.saturation(pictures) for pictures in (a, b, to_b))
    return [
        record("kid", distance(of_b, features(to_b)), n_real=len(b), n_fake=len(a), **seen_by),
        record("kid_untranslated", distance(of_b, of_a), n_real=len(b), n_fake=len(a), **seen_by),
        record("kid_reverse", distance(of_a, features(to_a)), n_real=len(a), n_fake=len(b), **seen_by),
        record("cycle_error", error_a.mean(), error_a.std(), n_real=len(a), n_fake=len(a), **here),
        record("cycle_error_reverse", error_b.mean(), error_b.std(), n_real=len(b), n_fake=len(b), **here),
        record("saturation", vivid_fake.mean(), vivid_fake.std(), n_real=0, n_fake=len(a), **here),
        record("saturation_before", vivid_a.mean(), vivid_a.std(), n_real=len(a), n_fake=0, **here),
        record("saturation_of_target", vivid_b.mean(), vivid_b.std(), n_real=len(b), n_fake=0, **here),
    ]
