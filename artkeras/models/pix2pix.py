"""pix2pix (Isola et al. 2016, arXiv 1611.07004): pairs of pictures, a translator one way."""

from collections.abc import Callable
from functools import partial

import keras
from keras import ops

from artkeras.engine import StepModel, Tensor, macs, minimize, without_updates
from artkeras.losses import BCE, AdversarialLoss
from artkeras.models.translation import absolute, adam, halves

L1 = 100.0  # weight of the mean absolute difference from the picture that was there


class Pix2Pix(StepModel):
    """One step: the discriminator on the real pair and on the translated one, then the translator.

    The discriminator sees A beside B, or A beside what the translator made of A. Logs: `d_loss`, its halved loss;
    `g_loss`, the generator's adversarial loss; `l1_loss`, the mean absolute difference from B in [-1, 1],
    unweighted; its accuracies `d_real`, `d_fake`.
    """

    def __init__(
        self,
        a_to_b: keras.Model,
        discriminator: keras.Model,
        *,
        loss: AdversarialLoss = BCE,
        optimizer: Callable[..., keras.optimizers.Optimizer] = adam,
        steps: int | None = None,
        l1: float = L1,
        pixel_range: tuple[float, float] = (-1.0, 1.0),
        seed: int = 0,
        jit: bool | None = None,
    ):
        """Join two networks.

        Args:
            a_to_b: the translator, pictures -> pictures.
            discriminator: the discriminator, pairs in six channels -> scores.
            loss: how scores are compared with labels.
            optimizer: called with `steps` for the translator, and again for the discriminator.
            steps: of the whole training, for a learning rate that changes; None for one that does not.
            l1: weight of the mean absolute difference.
            pixel_range: what uint8 0 and 255 become.
            seed: of drawn labels.
            jit: see `StepModel.ready`.
        """
        super().__init__()
        self.a_to_b, self.discriminator, self.loss_value, self.l1 = a_to_b, discriminator, loss, l1
        self.pixel_range = pixel_range
        self.random = keras.random.SeedGenerator(seed)
        self.g_optimizer, self.d_optimizer = optimizer(steps=steps), optimizer(steps=steps)
        self.g_optimizer.build(a_to_b.trainable_variables)
        self.d_optimizer.build(discriminator.trainable_variables)
        self.ready(
            {"a_to_b": a_to_b, "discriminator": discriminator},
            {"generator": self.g_optimizer, "discriminator": self.d_optimizer},
            jit=jit,
        )

    def adversarial_loss(self, a: Tensor, b: Tensor, label_real: bool) -> tuple[Tensor, Tensor]:
        """Loss of pairs that the discriminator is to find real, or not, and its scores."""
        scores = self.discriminator(ops.concatenate([a, b], axis=-1), training=True)
        return self.loss_value(scores, label_real, random=self.random), scores

    def translate(self, a: Tensor, b: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """What the translator is to get small: `(weighted sum, its parts)`."""
        fake = self.a_to_b(a, training=True)
        adversarial, difference = self.adversarial_loss(a, fake, True)[0], absolute(fake, b)
        return adversarial + self.l1 * difference, (adversarial, difference)

    def discriminate(self, a: Tensor, b: Tensor, fake: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """What the discriminator is to get small, and its scores."""
        (on_real, real_scores), (on_fake, fake_scores) = (
            self.adversarial_loss(a, b, True),
            self.adversarial_loss(a, fake, False),
        )
        return (on_real + on_fake) / 2, (real_scores, fake_scores)  # halved, as in the paper: it learns half as fast

    def step(self, batch: Tensor) -> dict[str, Tensor]:
        """One step of the discriminator, one of the translator.

        Args:
            batch: (n, size, size, 6) uint8: A in channels 0 to 2, B in 3 to 5.
        """
        a, b = halves(batch, self.pixel_range)
        # the translator makes the same fake again below, its dropout included: the random states stay where they are
        fake = without_updates(lambda: self.a_to_b(a, training=True), self)
        d_loss, (real_scores, fake_scores) = minimize(
            partial(self.discriminate, a, b, fake), self.discriminator.trainable_variables, self.d_optimizer, self
        )
        _, (g_loss, l1_loss) = minimize(
            partial(self.translate, a, b), self.a_to_b.trainable_variables, self.g_optimizer, self
        )
        return {
            "d_loss": d_loss,
            "g_loss": g_loss,
            "l1_loss": l1_loss,
            "d_real": self.loss_value.accuracy(real_scores, True),
            "d_fake": self.loss_value.accuracy(fake_scores, False),
        }

    def step_macs(self, batch_size: int) -> float:
        """Multiply-adds of one step. A way through a network costs 1, its gradient 2 (1 if only passed on)."""
        return batch_size * ((1 + 3) * macs(self.a_to_b) + (3 + 3 + 2) * macs(self.discriminator))
