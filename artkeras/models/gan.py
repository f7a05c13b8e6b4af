"""Two networks, a generator and a discriminator, and the two ways the studies let them take turns."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops

from artkeras.engine import StepModel, Tensor, gradients, macs, minimize, without_updates
from artkeras.losses import BCE, AdversarialLoss


@contextmanager
def frozen(network: keras.Model) -> Iterator[None]:
    """Treat a network as a constant: no gradients, and batch norms run on their moving statistics.

    Dropout is not touched: it follows the `training` argument of the call.
    """
    network.trainable = False
    try:
        yield
    finally:
        network.trainable = True


def adam(
    learning_rate: float = 2e-4, beta_1: float = 0.5, beta_2: float = 0.999, epsilon: float = 1e-7
) -> keras.optimizers.Optimizer:
    """Adam as the GAN studies set it (after Radford et al. 2015, arXiv 1511.06434); PyTorch's epsilon is 1e-8."""
    return keras.optimizers.Adam(learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)


class GAN(StepModel):
    """One alternating step: the discriminator on real and fake pictures, then the generator.

    The discriminator scores the real and the fake batch separately (each with its own batch statistics, as in
    the DCGAN paper) and moves once on the sum of both losses; then the generator moves on the scores of the same
    fakes. Logs: `d_loss`, `g_loss`, and the discriminator's accuracies `d_real`, `d_fake`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        loss: AdversarialLoss = BCE,
        optimizer: Callable[[], keras.optimizers.Optimizer] = adam,
        pixel_range: tuple[float, float] = (-1.0, 1.0),
        seed: int = 0,
        jit: bool | None = None,
    ):
        """Join two networks.

        Args:
            generator: (n, latent_dim) -> pictures.
            discriminator: pictures -> scores, (n, 1) or a map.
            loss: how scores are compared with labels.
            optimizer: called once for each network.
            pixel_range: what uint8 0 and 255 become before the discriminator sees them.
            seed: of the latents, and of drawn labels.
            jit: see `StepModel.ready`.
        """
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.loss_value: Any = loss
        self.low, self.high = pixel_range
        self.d_optimizer, self.g_optimizer = optimizer(), optimizer()
        self.d_optimizer.build(discriminator.trainable_variables)
        self.g_optimizer.build(generator.trainable_variables)
        self.random = keras.random.SeedGenerator(seed)
        self.ready(
            {"generator": generator, "discriminator": discriminator},
            {"generator": self.g_optimizer, "discriminator": self.d_optimizer},
            jit=jit,
        )

    def sample_latents(self, count: int | Tensor) -> Tensor:
        """`count` latents from N(0, 1): (count, latent_dim) float32."""
        return keras.random.normal((count, self.generator.input_shape[-1]), seed=self.random)

    def scale(self, pictures: Tensor) -> Tensor:
        """uint8 pictures to floats in the pixel range, on the device."""
        return ops.cast(pictures, "float32") * ((self.high - self.low) / 255.0) + self.low

    def adversarial_loss(self, pictures: Tensor, label_real: bool) -> tuple[Tensor, Tensor]:
        """Loss and scores of pictures against a label, the discriminator in training mode."""
        scores = self.discriminator(pictures, training=True)
        return self.loss_value(scores, label_real, random=self.random), scores

    def generator_loss(self, latents: Tensor, real: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Loss and scores of the images that the generator, in training mode, makes of latents: label "real".

        Args:
            latents: (n, latent_dim).
            real: n real images, for losses that compare with them; not used here.
        """
        return self.adversarial_loss(self.generator(latents, training=True), True)

    def step(self, batch: Tensor) -> dict[str, Tensor]:
        """One discriminator step on a batch of real pictures and as many fakes, one generator step.

        Args:
            batch: (n, size, size, 3) uint8.
        """
        real = self.scale(batch)
        latents = self.sample_latents(ops.shape(real)[0])
        # The generator sees these latents again below: its batch statistics must not be counted twice.
        fake = without_updates(lambda: self.generator(latents, training=True), self)

        def both():
            (on_real, real_scores), (on_fake, fake_scores) = (
                self.adversarial_loss(real, True),
                self.adversarial_loss(fake, False),
            )
            return on_real + on_fake, (real_scores, fake_scores)

        d_loss, (real_scores, fake_scores) = minimize(
            both, self.discriminator.trainable_variables, self.d_optimizer, self
        )
        g_loss, _ = minimize(
            lambda: self.generator_loss(latents), self.generator.trainable_variables, self.g_optimizer, self
        )
        return self.logs(d_loss, g_loss, real_scores, fake_scores)

    def probe(self, batch: Tensor) -> dict[str, Tensor]:
        """Look at the networks without moving them.

        Args:
            batch: (n, size, size, 3) uint8, real pictures.

        Returns:
            Scalars by name. `train_eval_gap_real`, `train_eval_gap_fake`: the discriminator's mean score of the same n
            pictures in training mode (batch statistics) less that at inference (moving statistics); 0 but for dropout's
            noise where it scores each picture by itself. `g_gradient`: Euclidean norm of the gradient that the
            generator gets.
        """
        real = self.scale(batch)

        def look():
            latents = self.sample_latents(ops.shape(real)[0])
            shown = {"real": real, "fake": self.generator(latents, training=True)}

            def scores(training):
                return {name: ops.mean(self.discriminator(batch, training=training)) for name, batch in shown.items()}

            still = scores(False)  # first: the calls in training mode move the statistics that this one reads
            variables = self.generator.trainable_variables
            _, _, found = gradients(lambda: self.generator_loss(latents, real), variables, self)
            gaps = {f"train_eval_gap_{name}": score - still[name] for name, score in scores(True).items()}
            return gaps | {"g_gradient": ops.sqrt(sum(ops.sum(ops.square(g)) for g in found))}

        return without_updates(look, self)

    def step_macs(self, batch_size: int) -> float:
        """Multiply-adds of one step. A way through a network costs 1, its gradient 2 (1 if only passed on)."""
        g, d = macs(self.generator), macs(self.discriminator)
        return batch_size * ((1 + 3) * g + (2 * 3 + 2) * d)

    def logs(self, d_loss: Tensor, g_loss: Tensor, real_scores: Tensor, fake_scores: Tensor) -> dict[str, Tensor]:
        """The four numbers watched during training."""
        return {
            "d_loss": d_loss,
            "g_loss": g_loss,
            "d_real": self.loss_value.accuracy(real_scores, True),
            "d_fake": self.loss_value.accuracy(fake_scores, False),
        }


class CombinedGAN(GAN):
    """The step of study 1, written in its authors' Keras as `train_on_batch` on D, on D again, on the stack.

    1. half a batch of real pictures, label "real": the discriminator moves;
    2. half a batch of fakes from the generator at inference, label "fake": the discriminator moves again;
    3. a whole batch of latents through the generator and the *frozen* discriminator, label "real": only the
       generator moves. The frozen discriminator's batch norms run on moving statistics, its dropout stays on.

    `d_loss` is the mean of the two discriminator losses, each from before its own update.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        mixed: bool = False,
        moving_statistics: bool = True,
        **options: Any,
    ):
        """Join two networks.

        Args:
            generator, discriminator, options: as for `GAN`.
            mixed: not as published: the discriminator gets the two half batches as one, and moves once.
            moving_statistics: False is not as published: in the generator's step the discriminator's batch norms
                run on the statistics of the fakes, as they do in its own step.
        """
        self.mixed, self.moving_statistics = mixed, moving_statistics
        super().__init__(generator, discriminator, **options)

    def generator_loss(self, latents: Tensor, real: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As `GAN.generator_loss`, with the discriminator frozen."""
        if not self.moving_statistics:
            return super().generator_loss(latents, real)
        with frozen(self.discriminator):
            return super().generator_loss(latents, real)

    def mixed_loss(self, real: Tensor, fake: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Loss of real and fake images scored in one batch, and the scores of each."""
        half = ops.shape(real)[0]
        scores = self.discriminator(ops.concatenate([real, fake]), training=True)
        on_real = self.loss_value(scores[:half], True, random=self.random)
        on_fake = self.loss_value(scores[half:], False, random=self.random)
        return (on_real + on_fake) / 2, (scores[:half], scores[half:])

    def step(self, batch: Tensor) -> dict[str, Tensor]:
        """The three updates; two when mixed.

        Args:
            batch: (n, size, size, 3) uint8; the first half is used as real pictures, n latents are drawn.
        """
        count = ops.shape(batch)[0]
        half = count // 2
        real = self.scale(batch[:half])
        fake = ops.stop_gradient(self.generator(self.sample_latents(half), training=False))
        variables = self.discriminator.trainable_variables

        if self.mixed:
            d_loss, (real_scores, fake_scores) = minimize(
                lambda: self.mixed_loss(real, fake), variables, self.d_optimizer, self
            )
        else:
            on_real, real_scores = minimize(
                lambda: self.adversarial_loss(real, True), variables, self.d_optimizer, self
            )
            on_fake, fake_scores = minimize(
                lambda: self.adversarial_loss(fake, False), variables, self.d_optimizer, self
            )
            d_loss = (on_real + on_fake) / 2
        latents = self.sample_latents(count)
        g_loss, _ = minimize(
            lambda: self.generator_loss(latents), self.generator.trainable_variables, self.g_optimizer, self
        )
        return self.logs(d_loss, g_loss, real_scores, fake_scores)

    def step_macs(self, batch_size: int) -> float:
        """Multiply-adds of one step: 516 G for model 1 at batch 128."""
        g, d = macs(self.generator), macs(self.discriminator)
        return batch_size * ((0.5 + 3) * g + (2 * 0.5 * 3 + 2) * d)
