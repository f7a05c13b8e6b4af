"""Rectified flow: noise becomes images along straight lines (Liu et al. 2022, arXiv 2209.03003)."""

from collections.abc import Callable

import keras
from keras import ops

from artkeras.engine import StepModel, Tensor, macs, minimize
from artkeras.models.augmentation import flip


def adamw(learning_rate: float = 1e-3, weight_decay: float = 0.01) -> keras.optimizers.Optimizer:
    """AdamW with gradients clipped to norm 1, which a network without norms needs in its first steps."""
    return keras.optimizers.AdamW(learning_rate, weight_decay, beta_2=0.99, global_clipnorm=1.0)


class RectifiedFlow(StepModel):
    """A network learns the velocity at which an image x turns into noise e on the straight line between them.

        x_t = (1 - t) x + t e,   loss = mean |v(x_t, t) - (e - x)|^2,   t = sigmoid(N(0, 1))

    Times near the middle, where the answer is least clear, are drawn most often (Esser et al. 2024, arXiv 2403.03206).
    Going the way back from noise, t = 1 to 0, gives an image, see `artkeras.tasks.flow`. Logs: `loss`.
    """

    def __init__(
        self,
        velocity: keras.Model,
        *,
        optimizer: Callable[[], keras.optimizers.Optimizer] = adamw,
        pixel_range: tuple[float, float] = (-1.0, 1.0),
        mirror: bool = False,
        seed: int = 0,
        jit: bool | None = None,
    ):
        """Train one network.

        Args:
            velocity: [images (n, size, size, 3), times (n, 1)] -> (n, size, size, 3).
            optimizer: called once.
            pixel_range: what uint8 0 and 255 become.
            mirror: show the paintings mirrored at even odds.
            seed: of noise and times.
            jit: see `StepModel.ready`.
        """
        super().__init__()
        self.velocity, self.mirror = velocity, mirror
        self.low, self.high = pixel_range
        self.own_optimizer = optimizer()
        self.own_optimizer.build(velocity.trainable_variables)
        self.random = keras.random.SeedGenerator(seed)
        self.ready({"velocity": velocity}, {"velocity": self.own_optimizer}, jit=jit)

    def scale(self, images: Tensor) -> Tensor:
        """uint8 images to floats in the pixel range, on the device."""
        return ops.cast(images, "float32") * ((self.high - self.low) / 255.0) + self.low

    def loss_at(self, images: Tensor, noise: Tensor, times: Tensor, *, training: bool = True) -> Tensor:
        """Mean squared error of the velocity: a float32 scalar.

        Args:
            images, noise: (n, size, size, 3) floats.
            times: (n, 1) in [0, 1]; 0 is the image, 1 the noise.
            training: whether dropout is on.
        """
        images, noise, times = (ops.convert_to_tensor(x) for x in (images, noise, times))
        t = ops.reshape(times, (-1, 1, 1, 1))
        found = self.velocity([(1 - t) * images + t * noise, times], training=training)
        return ops.mean(ops.square(ops.cast(found, "float32") - (noise - images)))

    def step(self, batch: Tensor) -> dict[str, Tensor]:
        """One step on a batch, each image at a time of its own.

        Args:
            batch: (n, size, size, 3) uint8.
        """
        images = self.scale(batch)
        images = flip(images, self.random) if self.mirror else images
        noise = keras.random.normal(ops.shape(images), seed=self.random)
        times = ops.sigmoid(keras.random.normal((ops.shape(images)[0], 1), seed=self.random))

        def loss():
            found = self.loss_at(images, noise, times)
            return found, found

        found, _ = minimize(loss, self.velocity.trainable_variables, self.own_optimizer, self)
        return {"loss": found}

    def step_macs(self, batch_size: int) -> float:
        """Multiply-adds of one step: one pass, and its gradient, which costs two."""
        return batch_size * 3 * macs(self.velocity)
