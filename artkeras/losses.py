"""The adversarial losses, as values.

A loss is one comparison and two label ranges. Labels take the shape of the scores, so the same value works on
one score a picture and on a PatchGAN's map of scores. Scores are logits: where a study ends its discriminator
in a sigmoid and uses cross-entropy, the sigmoid is inside the loss, which is also what the studies' Keras did
behind the scenes (it looked through the sigmoid at the logits).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import keras

    from artkeras.engine import Tensor


@dataclass(frozen=True)
class AdversarialLoss:
    """How scores are compared with labels, and what the labels are.

    Attributes:
        compare: "cross_entropy" on logits, or "least_squares" on raw scores.
        real: range of the label for real pictures; equal ends make it a constant.
        fake: the same for generated pictures.
    """

    compare: Literal["cross_entropy", "least_squares"]
    real: tuple[float, float] = (1.0, 1.0)
    fake: tuple[float, float] = (0.0, 0.0)

    def __call__(self, scores: Tensor, is_real: bool, *, random: keras.random.SeedGenerator | None = None) -> Tensor:
        """Mean loss of scores against a label.

        Args:
            scores: (n, ...) raw scores of the discriminator.
            is_real: which label to compare with.
            random: needed when the label is a range: one draw a picture.

        Returns:
            A float32 scalar.
        """
        import keras
        from keras import ops

        scores = ops.cast(scores, "float32")
        low, high = self.real if is_real else self.fake
        if low == high:
            labels = ops.full_like(scores, low)
        else:
            shape = (ops.shape(scores)[0], *[1] * (len(scores.shape) - 1))
            labels = ops.broadcast_to(keras.random.uniform(shape, low, high, seed=random), ops.shape(scores))
        if self.compare == "least_squares":
            return ops.mean(ops.square(scores - labels))
        return ops.mean(ops.binary_crossentropy(labels, scores, from_logits=True))

    def of_discriminator(
        self, real_scores: Tensor, fake_scores: Tensor, *, random: keras.random.SeedGenerator | None = None
    ) -> Tensor:
        """The discriminator's loss on a batch of real images and one of generated ones: a float32 scalar."""
        return self(real_scores, True, random=random) + self(fake_scores, False, random=random)

    def of_generator(
        self, real_scores: Tensor, fake_scores: Tensor, *, random: keras.random.SeedGenerator | None = None
    ) -> Tensor:
        """The generator's loss: that of its images against the label "real". The real images do not count."""
        return self(fake_scores, True, random=random)

    def accuracies(self, real_scores: Tensor, fake_scores: Tensor) -> dict[str, Tensor]:
        """Shares of real and of generated images on their side of the boundary: `d_real`, `d_fake`."""
        return {"d_real": self.accuracy(real_scores, True), "d_fake": self.accuracy(fake_scores, False)}

    def accuracy(self, scores: Tensor, is_real: bool) -> Tensor:
        """Share of scores on the right side of the boundary: 0 for logits, 0.5 for least squares."""
        from keras import ops

        boundary = 0.5 if self.compare == "least_squares" else 0.0
        right = scores > boundary if is_real else scores <= boundary
        return ops.mean(ops.cast(right, "float32"))


@dataclass(frozen=True)
class RelativisticLoss:
    """Each real image is compared with one generated image: which of the two scores higher, and by how much.

    The discriminator's loss is the mean of softplus(-(D(real) - D(fake))), the generator's is the same with the two
    changed over. So a generator that leaves out some of the paintings is asked for them again, pair by pair
    (Jolicoeur-Martineau 2018, arXiv 1807.00734; Huang et al. 2024, arXiv 2501.05441).
    """

    compare: Literal["pairs"] = "pairs"

    def of_discriminator(
        self, real_scores: Tensor, fake_scores: Tensor, *, random: keras.random.SeedGenerator | None = None
    ) -> Tensor:
        """The discriminator's loss on n pairs, (n, ...) scores each: a float32 scalar. Nothing is drawn."""
        return _softplus_of(fake_scores, real_scores)

    def of_generator(
        self, real_scores: Tensor, fake_scores: Tensor, *, random: keras.random.SeedGenerator | None = None
    ) -> Tensor:
        """The generator's loss on n pairs: a float32 scalar. Nothing is drawn."""
        return _softplus_of(real_scores, fake_scores)

    def accuracies(self, real_scores: Tensor, fake_scores: Tensor) -> dict[str, Tensor]:
        """`d_pairs`: the share of pairs in which the real image scores higher."""
        from keras import ops

        return {"d_pairs": ops.mean(ops.cast(real_scores > fake_scores, "float32"))}


def _softplus_of(higher: Tensor, lower: Tensor) -> Tensor:
    """Mean of log(1 + exp(higher - lower)), in float32."""
    from keras import ops

    return ops.mean(ops.softplus(ops.cast(higher, "float32") - ops.cast(lower, "float32")))


Loss = AdversarialLoss | RelativisticLoss


def loss(plain: Mapping[str, Any]) -> Loss:
    """A loss from the values that a stored recipe keeps of it.

    Raises:
        ValueError, KeyError, TypeError: when they are no loss's values.
    """
    if plain["compare"] == "pairs":
        return RelativisticLoss()
    return AdversarialLoss(plain["compare"], tuple(plain["real"]), tuple(plain["fake"]))


BCE = AdversarialLoss("cross_entropy")
"""Binary cross-entropy (Goodfellow et al. 2014; studies 1, 2 and 4)."""

LEAST_SQUARES = AdversarialLoss("least_squares")
"""Least squares (Mao et al. 2016, arXiv 1611.04076; study 3)."""

SMOOTHED_BCE = AdversarialLoss("cross_entropy", real=(0.7, 1.0), fake=(0.0, 0.3))
"""Cross-entropy with labels drawn per picture (study 4, versions 2 and 3)."""

RELATIVISTIC = RelativisticLoss()
"""Relativistic pairing (the modern GAN)."""
