"""Generators that turn random numbers into pictures, against a discriminator."""

from artkeras.tasks.base import Task


class _GAN(Task):
    kept = ("generator",)
    losses = (
        "Each network lowers its own loss and thereby raises the other's. Neither should stay near 0: then the other "
        "network learns nothing more."
    )

    def open(self, recipe, networks, caption):
        from artkeras.tasks.sampling import Sampler

        return Sampler(recipe, networks["generator"], caption)

    def validator(self, recipe, train, held_out, features):
        from artkeras.tasks.evaluation import Validator

        return Validator(recipe, train, held_out, features())

    def evaluate(self, trained, train, held_out, *, count, seed, features, thumbnail, facts, log):
        from artkeras.tasks.evaluation import score_images

        unseen = held_out.take(range(len(held_out))) if held_out is not None else None
        known = train.take(range(len(train)))
        records = score_images(
            trained.sample(count, seed),
            known,
            unseen,
            features=features,
            facts=facts,
            thumbnail=thumbnail,
            augmented=trained.recipe.expand,
        )
        if unseen is None:
            log("no memorization score: no painting was held out (train with --holdout 0.1)")
        return records


GAN = _GAN()
"""Generator and discriminator."""
