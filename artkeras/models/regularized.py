"""A GAN for small sets of paintings: penalties on the discriminator's gradient, and augmentation of what it sees."""

from typing import Any

import keras
from keras import ops

from artkeras.engine import Tensor, input_gradients, macs, minimize
from artkeras.losses import RELATIVISTIC, Loss
from artkeras.models.augmentation import DiffAugment, flip
from artkeras.models.gan import GAN


class RegularizedGAN(GAN):
    """One step with R1 and R2 penalties and DiffAugment, for any loss.

    With T the augmentation, a batch of real images x and fresh generated ones G(z):

        discriminator:  loss(D(T(x)), D(T(G(z)))) + gamma / 2 * (mean |dD/dx|^2 at T(x) + mean |dD/dx|^2 at T(G(z)))
        generator:      loss(D(T(G(z'))), D(T(x)))

    The penalties (R1 on real images, R2 on generated ones; Mescheder et al. 2018, arXiv 1801.04406; Huang et al. 2024,
    arXiv 2501.05441) are taken on a part of each batch, by the augmented image, so that the augmentation is not
    differentiated twice. With penalties the discriminator must score each image by itself: it may have no batch
    normalisation. Without any, real and generated images are scored in batches of their own.

    Logs: `d_loss` without the penalties, `g_loss`, `r1` and `r2` (mean squared norms of the gradients, where they are
    used), and the loss's accuracies.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        loss: Loss = RELATIVISTIC,
        r1: float = 1.0,
        r2: float = 1.0,
        share: float = 0.25,
        colour: bool = True,
        translation: float = 1 / 8,
        cutout: float = 1 / 2,
        mirror: bool = False,
        **options: Any,
    ):
        """Join two networks.

        Args:
            generator, discriminator, options: as for `GAN`.
            loss: see `artkeras.losses`.
            r1, r2: weights (gamma) of the penalties on real and on generated images; 0 for none.
            share: of the batch that the penalties are taken on: 1, 1/2, 1/3, 1/4 ...
            colour, translation, cutout: see `DiffAugment`; False, 0 and 0 for none.
            mirror: show the paintings mirrored at even odds (where left and right do not matter).
        """
        self.r1, self.r2, self.share, self.mirror = r1, r2, share, mirror
        self.augment = DiffAugment(colour, translation, cutout)
        super().__init__(generator, discriminator, **options)
        self.loss_value = loss

    def penalized_scores(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Scores of both, and R1 and R2: mean squared norms of the scores' gradients on the first part of each."""
        count = real.shape[0] or ops.shape(real)[0]
        part = count if self.share == 1 else count // round(1 / self.share)
        scores, found = input_gradients(
            lambda x: self.discriminator(x, training=True), ops.concatenate([real[:part], fake[:part]]), self
        )
        norms = ops.sum(ops.square(ops.cast(found, "float32")), axis=(1, 2, 3))
        real_scores, fake_scores = scores[:part], scores[part:]
        if self.share < 1:
            rest = self.discriminator(ops.concatenate([real[part:], fake[part:]]), training=True)
            real_scores = ops.concatenate([real_scores, rest[: count - part]])
            fake_scores = ops.concatenate([fake_scores, rest[count - part :]])
        return real_scores, fake_scores, ops.mean(norms[:part]), ops.mean(norms[part:])

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """What the discriminator minimizes on augmented images, and what is logged of it."""
        penalties = {}
        if self.r1 or self.r2:
            real_scores, fake_scores, penalties["r1"], penalties["r2"] = self.penalized_scores(real, fake)
        else:  # each in a batch of its own
            real_scores, fake_scores = (self.discriminator(images, training=True) for images in (real, fake))
        loss = self.loss_value.of_discriminator(real_scores, fake_scores, random=self.random)
        logs = {"d_loss": loss, **self.loss_value.accuracies(real_scores, fake_scores), **penalties}
        return loss + self.r1 / 2 * penalties.get("r1", 0) + self.r2 / 2 * penalties.get("r2", 0), logs

    def generator_loss(self, latents: Tensor, real: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The generator's loss on fresh latents and the scores of its images.

        Args:
            latents: (n, latent_dim).
            real: n real images, augmented; needed where the loss compares with them.
        """
        fake = self.augment(self.generator(latents, training=True), self.random)
        fake_scores = self.discriminator(fake, training=True)
        # the other losses look at the generated images alone
        real_scores = self.discriminator(real, training=True) if self.compares else fake_scores
        return self.loss_value.of_generator(real_scores, fake_scores, random=self.random), fake_scores

    def step(self, batch: Tensor) -> dict[str, Tensor]:
        """One discriminator step, one generator step on fresh latents.

        Args:
            batch: (n, size, size, 3) uint8.
        """
        count = ops.shape(batch)[0]
        real = self.scale(batch)
        real = self.augment(flip(real, self.random) if self.mirror else real, self.random)
        fake = self.augment(self.generator(self.sample_latents(count), training=True), self.random)
        fake = ops.stop_gradient(fake)
        _, logs = minimize(
            lambda: self.discriminator_loss(real, fake),
            self.discriminator.trainable_variables,
            self.d_optimizer,
            self,
        )
        latents = self.sample_latents(count)
        g_loss, _ = minimize(
            lambda: self.generator_loss(latents, real), self.generator.trainable_variables, self.g_optimizer, self
        )
        return {**logs, "g_loss": g_loss}

    @property
    def compares(self) -> bool:
        """Whether the generator's loss needs scores of real images."""
        return self.loss_value == RELATIVISTIC

    def step_macs(self, batch_size: int) -> float:
        """Multiply-adds of one step.

        A pass through a network costs 1, its gradient 2 (1 if only passed on). The penalties' gradient by the image
        costs 1, its own gradient by the weights 3 (back through both passes).
        """
        g, d = macs(self.generator), macs(self.discriminator)
        penalty = 2 * self.share * (1 + 3) if self.r1 or self.r2 else 0
        return batch_size * ((1 + 3) * g + (2 * 3 + penalty + 2 + self.compares) * d)
