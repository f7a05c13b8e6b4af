"""The adversarial losses, as values.

A loss is one comparison and two label ranges. Labels take the shape of the scores, so the same value works on
one score a picture and on a PatchGAN's map of scores. Scores are logits: where a study ends its discriminator
in a sigmoid and uses cross-entropy, the sigmoid is inside the loss, which is also what the studies' Keras did
behind the scenes (it looked through the sigmoid at the logits).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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

    def accuracy(self, scores: Tensor, is_real: bool) -> Tensor:
        """Share of scores on the right side of the boundary: 0 for logits, 0.5 for least squares."""
        from keras import ops

        boundary = 0.5 if self.compare == "least_squares" else 0.0
        right = scores > boundary if is_real else scores <= boundary
        return ops.mean(ops.cast(right, "float32"))


BCE = AdversarialLoss("cross_entropy")
"""Binary cross-entropy (Goodfellow et al. 2014; studies 1, 2 and 4)."""

LEAST_SQUARES = AdversarialLoss("least_squares")
"""Least squares (Mao et al. 2016, arXiv 1611.04076; study 3)."""

SMOOTHED_BCE = AdversarialLoss("cross_entropy", real=(0.7, 1.0), fake=(0.0, 0.3))
"""Cross-entropy with labels drawn per picture (study 4, versions 2 and 3)."""
