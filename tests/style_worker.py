"""Style transfer on a network of two small convolutions with weights by formula, for tests on every backend."""

import numpy as np

from artkeras.engine import keras
from artkeras.models.style import StyleTransfer

WEIGHTS = (0.3, 0.01, 20.0, 5.0)  # of content, total variation, and the two style layers


def features(layers):
    """BGR around 0 -> {place: features} at places 0 and 1: a convolution, and one of stride 2 after it."""
    pictures = keras.Input((None, None, 3))
    first = keras.layers.Conv2D(4, 3, activation="relu")
    second = keras.layers.Conv2D(6, 3, strides=2, activation="relu")
    seen = [first(pictures)]
    seen.append(second(seen[0]))
    for number, layer in enumerate((first, second)):
        shape = layer.kernel.shape
        layer.kernel.assign(0.3 * np.sin(np.arange(np.prod(shape)) * (number + 1.3)).reshape(shape))
    model = keras.Model(pictures, {place: seen[place] for place in layers})
    model.trainable = False
    return model


def picture(height=20, width=24, phase=0.0):
    """A smooth picture of many colours by formula: (height, width, 3) uint8."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    waves = [np.sin(9 * x + 4 * y + phase), np.cos(7 * x * y + 11 * y - phase), np.sin(15 * (x - 0.5) ** 2 + 3 * phase)]
    return (127.5 + 120 * np.stack(waves, axis=-1)).astype("uint8")


def model(moving=True):
    """Ready for a picture of 20 x 24, its content and style given."""
    transfer = StyleTransfer(features((0, 1)), (20, 24), 1, (0, 1), moving=moving)
    transfer.aim(picture(), [(picture(30, 30, 2.0), 1.0)])
    transfer.start(picture())
    transfer.set_rate(0.1)
    return transfer


def step(transfer, place=(0, 0), weights=WEIGHTS):
    """Take a step: the losses from before it."""
    logs = transfer.train_on_batch(np.array([*weights, *place], "float32"), return_dict=True)
    return {name: float(value) for name, value in logs.items()}


def steps():
    """The losses of three steps through three windows, and the picture they lead to."""
    transfer = model()
    return [step(transfer, place) for place in ((0, 0), (1, 3), (2, 0))], transfer.shown()
