"""What CycleGAN and pix2pix share: their optimizer, and how a pair comes in."""

import keras
from keras import ops

from artkeras.engine import Tensor
from artkeras.models.gan import adam as constant_adam


@keras.saving.register_keras_serializable("artkeras")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Constant for the first part of a training, then down to 0 on a straight line.

    It depends on the number of steps the optimizer has taken and on nothing else, so a resumed training goes on with
    the rate it would have had.
    """

    def __init__(self, learning_rate: float, steps: int | None = None, constant: float = 0.5):
        """A rate over `steps` steps, of which the share `constant` comes before the decay; None: for ever."""
        super().__init__()
        self.learning_rate, self.steps, self.constant = learning_rate, steps, constant

    def __call__(self, step: int | Tensor) -> Tensor:
        """The rate at a step: a scalar."""
        if self.steps is None or self.constant >= 1:
            return ops.convert_to_tensor(self.learning_rate, "float32")
        left = (1 - ops.cast(step, "float32") / self.steps) / (1 - self.constant)
        return self.learning_rate * ops.clip(left, 0.0, 1.0)

    def get_config(self):
        """What rebuilds the schedule."""
        return {"learning_rate": self.learning_rate, "steps": self.steps, "constant": self.constant}


def adam(
    learning_rate: float = 2e-4, beta_1: float = 0.5, steps: int | None = None, constant: float = 0.5
) -> keras.optimizers.Optimizer:
    """Adam as both papers set it: the rate constant, then decaying to 0 over the rest of `steps`.

    Args:
        learning_rate, beta_1: see Adam.
        steps: of the whole training; None keeps the rate constant.
        constant: share of them before the decay begins: half in the papers' code, 100 of 200 epochs.
    """
    # a schedule even where it is constant: an optimizer with a plain rate has one variable more in its state
    return constant_adam(LinearDecay(learning_rate, steps, constant), beta_1)


def halves(batch: Tensor, pixel_range: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """The two pictures of each pair: (n, height, width, 6) uint8 -> two (n, height, width, 3) floats in the range."""
    low, high = pixel_range
    pictures = ops.cast(batch, "float32") * ((high - low) / 255.0) + low
    return pictures[..., :3], pictures[..., 3:]


def absolute(one: Tensor, other: Tensor) -> Tensor:
    """Mean absolute difference, a scalar."""
    return ops.mean(ops.abs(one - other))
