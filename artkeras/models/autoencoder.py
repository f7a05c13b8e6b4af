"""Pictures through a bottleneck and back: a plain autoencoder, and a variational one."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from artkeras.engine import StepModel, Tensor, macs, minimize


def adam(learning_rate: float = 1e-3, beta_1: float = 0.9) -> keras.optimizers.Optimizer:
    """Adam with Keras' own values, those of its paper (Kingma and Ba 2014, arXiv 1412.6980)."""
    return keras.optimizers.Adam(learning_rate, beta_1=beta_1)


class Autoencoder(StepModel):
    """Encoder and decoder that learn together to give back what they were shown.

    Logs: `reconstruction_loss`, the squared error summed over a picture's numbers, mean over the batch; where there is
    more to go down on than that, also the `loss` of it all.

    One network could be written as Keras' `compute_loss`; a `step` gives it the checkpoints, the backends and the
    resumable random state of the other models.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        optimizer: Callable[[], keras.optimizers.Optimizer] = adam,
        pixel_range: tuple[float, float] = (-1.0, 1.0),
        mirror: bool = True,
        seed: int = 0,
        jit: bool | None = None,
    ):
        """Join two networks.

        Args:
            encoder: pictures -> latents.
            decoder: latents -> pictures.
            optimizer: called once, for both.
            pixel_range: what uint8 0 and 255 become before the encoder sees them.
            mirror: half of the pictures, drawn again at each step, are mirrored left to right: twice as many to learn
                from.
            seed: of what is mirrored, and of a variational model's noise.
            jit: see `StepModel.ready`.
        """
        super().__init__()
        self.encoder, self.decoder, self.mirror = encoder, decoder, mirror
        self.low, self.high = pixel_range
        self.own_optimizer = optimizer()
        self.own_optimizer.build([*encoder.trainable_variables, *decoder.trainable_variables])
        self.random = keras.random.SeedGenerator(seed)
        self.ready({"encoder": encoder, "decoder": decoder}, {"autoencoder": self.own_optimizer}, jit=jit)

    def scale(self, batch: Tensor) -> Tensor:
        """uint8 pictures to floats in the pixel range, on the device; some mirrored."""
        pictures = ops.cast(batch, "float32") * ((self.high - self.low) / 255.0) + self.low
        if not self.mirror:
            return pictures
        chosen = keras.random.uniform((ops.shape(pictures)[0], 1, 1, 1), seed=self.random) < 0.5
        return ops.where(chosen, ops.flip(pictures, axis=2), pictures)

    def encode(self, pictures: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Latents of pictures in training mode, and what they cost: (n, latent_dim) float32, and a dict of losses."""
        return self.encoder(pictures, training=True), {}

    def weigh(self, losses: dict[str, Tensor]) -> Tensor:
        """The loss to go down on, of all losses by name."""
        return losses["reconstruction_loss"]

    def step(self, batch: Tensor) -> dict[str, Tensor]:
        """One step of both halves.

        Args:
            batch: (n, size, size, 3) uint8.
        """
        pictures = self.scale(batch)

        def loss():
            latents, losses = self.encode(pictures)
            error = ops.square(self.decoder(latents, training=True) - pictures)
            losses = {"reconstruction_loss": ops.mean(ops.sum(error, axis=(1, 2, 3)))} | losses
            return self.weigh(losses), losses

        variables = [*self.encoder.trainable_variables, *self.decoder.trainable_variables]
        total, losses = minimize(loss, variables, self.own_optimizer, self)
        return losses if len(losses) == 1 else {"loss": total} | losses

    def step_macs(self, batch_size: int) -> float:
        """Multiply-adds of one step: one way through both halves, and its gradient, which costs two."""
        return batch_size * 3 * (macs(self.encoder) + macs(self.decoder))


class VAE(Autoencoder):
    """An autoencoder whose latents are Gaussians, kept near N(0, 1): Kingma and Welling 2013, arXiv 1312.6114.

    The encoder gives a mean and a variance for each latent, and the decoder a draw from them. To the squared error
    comes `kl_loss`, the divergence of these Gaussians from N(0, 1), summed over the latents, mean over the batch, times
    `beta` (Higgins et al. 2017; 1 is the lower bound of the likelihood, for a noise of variance 1/2 in each number of
    a picture).
    """

    def __init__(self, encoder: keras.Model, decoder: keras.Model, *, beta: float = 1.0, **options: Any):
        """Join two networks.

        Args:
            encoder: pictures -> [means, logarithms of variances].
            decoder, options: as for `Autoencoder`.
            beta: weight of the divergence.
        """
        self.beta = beta
        super().__init__(encoder, decoder, **options)

    def encode(self, pictures: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """A draw from each picture's Gaussian, and its divergence from N(0, 1) as `kl_loss`."""
        mean, log_variance = self.encoder(pictures, training=True)
        noise = keras.random.normal(ops.shape(mean), seed=self.random)
        divergence = (ops.square(mean) + ops.exp(log_variance) - log_variance - 1) / 2
        latents = mean + ops.exp(log_variance / 2) * noise
        return latents, {"kl_loss": ops.mean(ops.sum(divergence, axis=1))}

    def weigh(self, losses: dict[str, Tensor]) -> Tensor:
        """Reconstruction and weighted divergence."""
        return losses["reconstruction_loss"] + self.beta * losses["kl_loss"]
