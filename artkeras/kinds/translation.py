"""Translators between two domains of pictures: CycleGAN from unpaired sets, pix2pix from pairs."""

from __future__ import annotations

from artkeras import pairs
from artkeras.errors import UserError
from artkeras.kinds.kind import Kind


class Translation(Kind):
    """What both have in common: pictures of two domains, and translators from one to the other."""

    examples_shown = 6
    plans_steps = True

    def find(self, recipe, folder=None):
        return pairs.find(recipe.study, tuple(recipe.domains.values()), folder)

    def pictures(self, recipe, folder=None):
        return pairs.load(
            recipe.study, tuple(recipe.domains.values()), recipe.size, folder=folder, fit=recipe.fit,
            holdout=recipe.holdout, seed=recipe.seed, limit=recipe.limit,
        )  # fmt: skip

    def open(self, recipe, networks, caption):
        from artkeras.translate import Translator

        return Translator(recipe, {name: networks[name] for name in self.kept}, caption)

    def judge(self, trained, train, held_out, *, count, seed, features, facts, log):
        from artkeras import translation_scores

        if held_out is None:
            raise UserError(
                f"{trained.recipe.name} is scored on pictures it has not seen, and none were held out: "
                "train it with --holdout 0.1"
            )
        score = translation_scores.paired if train.aligned else translation_scores.unpaired
        return score(trained, train, held_out, count=count, features=features, facts=facts)


class _Pix2Pix(Translation):
    kept = ("a_to_b",)
    losses = (
        "How badly each network does its own task: lower is better for its owner. The translator is to come near the "
        "picture that was there (l1_loss) and to pass for one (g_loss); the discriminator is to tell the two apart."
    )


class _CycleGAN(Translation):
    kept = ("a_to_b", "b_to_a")
    losses = (
        "How badly the networks do their own tasks: lower is better for their owner. There and back again a picture "
        "is to be what it was (cycle_loss), one of the right domain is to stay as it is (identity_loss), and a "
        "translated one is to pass for real (g_loss)."
    )


PIX2PIX = _Pix2Pix()
"""One translator and a discriminator, from pairs."""

CYCLEGAN = _CycleGAN()
"""Two translators and two discriminators, from two sets."""
