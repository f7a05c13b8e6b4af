"""A picture that is optimised: its features towards those of a content, their Gram matrices towards those of a style.

Sources: Gatys, Ecker and Bethge, "A neural algorithm of artistic style" (arXiv 1508.06576); the forms of the three
losses are those of study 5e: plain sums of squares.
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from artkeras import data
from artkeras.engine import StepModel, Tensor, minimize
from artkeras.networks.squeezenet import preprocess

# ImageNet's colours in 0..1, red first: the units of the picture that is optimised are (rgb - MEAN) / STD
MEAN = np.array([0.485, 0.456, 0.406], "float32")
STD = np.array([0.229, 0.224, 0.225], "float32")

# The networks here want 0..255 less the mean, those of the published weights want (0..1 less the mean) / STD, so these
# features are this much larger. Content losses go with their square, style losses with their fourth power.
SCALE = 255 * 0.225

# SqueezeNet skips pixels, every second one and then again, and so leaves a regular pattern in what it paints; and of
# the edges it sees less than of the rest. So it looks at a larger canvas, through a window that moves from step to
# step.
BORDER = 8  # pixels of canvas around the picture, mirrored from it
PLAY = 4  # places of the window, down and across


def gram(features: Tensor) -> Tensor:
    """Which features appear together: (1, h, w, c) -> the Gram matrix (c, c), divided by h * w * c.

    The size is that of this layer: with another (the picture's, or 3 channels) the weights of layers mean nothing.
    """
    _, height, width, channels = ops.shape(features)
    flat = ops.reshape(features, (height * width, channels))
    return ops.matmul(ops.transpose(flat), flat) / (height * width * channels)


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """The sum of squared differences of two tensors of one shape: the content loss, and each layer's style loss."""
    return ops.sum(ops.square(a - b))


def total_variation(pictures: Tensor) -> Tensor:
    """The sum of squared differences between neighbouring pixels, right and below: (n, h, w, c) -> scalar."""
    down = squared_distance(pictures[:, 1:], pictures[:, :-1])
    return down + squared_distance(pictures[:, :, 1:], pictures[:, :, :-1])


def normalise(pictures: np.ndarray) -> np.ndarray:
    """uint8 RGB to the units in which pictures are optimised, float32."""
    return (np.asarray(pictures, "float32") / 255 - MEAN) / STD


def _for_network(pictures):
    """Normalised pictures as the networks here want them."""
    return preprocess(ops.add(ops.multiply(pictures, 255 * STD), 255 * MEAN))


def _valid(picture):
    """The nearest picture that a screen can show."""
    return ops.minimum(ops.maximum(picture, -MEAN / STD), (1 - MEAN) / STD)


class StyleTransfer(StepModel):
    """One picture, the only thing that moves, and what it is to become.

    The weights of the losses are the batch that a step is given, so that one compiled step serves all weights.
    """

    def __init__(
        self,
        features: keras.Model,
        shape: tuple[int, int],
        content: int | str,
        style: Sequence[int | str],
        *,
        moving: bool = True,
        jit: bool | None = None,
    ):
        """Make room for a picture and its aims.

        Args:
            features: frozen; (1, height, width, 3) in BGR, 0..255, minus `squeezenet.MEANS` -> {layer: features}.
            shape: height and width of the picture.
            content: the layer whose features are the content.
            style: the layers whose Gram matrices are the style.
            moving: look through the moving window; else always at the bare picture, as published.
            jit: see `StepModel.ready`.
        """
        super().__init__()
        self.border, self.play = (BORDER, PLAY) if moving else (0, 1)
        # every place of the window once, in no order: what `step` is to be given in turn
        self.places = np.random.default_rng(0).permutation(list(np.ndindex(self.play, self.play)))
        canvas = [side + 2 * self.border for side in shape]
        self.seen = [side - self.play + 1 for side in canvas]
        self.features, self.style_layers, self.content_layer = features, tuple(style), content
        self.content_features = keras.Model(features.input, features.output[content])
        self.picture = self.add_weight((1, *canvas, 3), "zeros", name="picture", constraint=_valid)
        self.content = self.add_weight((1, *canvas, 3), "zeros", trainable=False, name="content")
        channels = {layer: features.output[layer].shape[-1] for layer in self.style_layers}
        self.style_aims = [
            self.add_weight((count, count), "zeros", trainable=False, name=f"style_{layer}")
            for layer, count in channels.items()
        ]
        self.optimizer_of_picture = keras.optimizers.Adam()
        self.optimizer_of_picture.build([self.picture])
        self.ready({}, {"picture": self.optimizer_of_picture}, jit=jit)

    def aim(self, content: np.ndarray, styles: Sequence[tuple[np.ndarray, float]]) -> None:
        """Say what the picture is to become.

        Args:
            content: (height, width, 3) uint8 RGB, of the picture's size.
            styles: pictures of any size, and the share of each. Their Gram matrices are mixed: the gradient is the same
                as with a style loss for each picture, weighted by its share.
        """
        self.content.assign(self._canvas(content))
        total = sum(share for _, share in styles)
        mixed = [0.0] * len(self.style_layers)
        for picture, share in styles:
            seen = self.features(_for_network(normalise(picture)[None]))
            for i, layer in enumerate(self.style_layers):
                mixed[i] = mixed[i] + gram(seen[layer] / SCALE) * (share / total)
        for variable, value in zip(self.style_aims, mixed, strict=True):
            variable.assign(value)

    def start(self, picture: np.ndarray) -> None:
        """Begin, with a fresh optimizer, from this (height, width, 3) uint8 RGB picture."""
        self.picture.assign(self._canvas(picture))
        for variable in self.optimizer_of_picture.variables:
            if variable is not self.optimizer_of_picture.learning_rate:
                variable.assign(np.zeros(variable.shape))

    def _canvas(self, picture: np.ndarray) -> np.ndarray:
        around = [(self.border, self.border)] * 2
        return normalise(np.pad(picture, [*around, (0, 0)], mode="reflect"))[None]

    def shown(self) -> np.ndarray:
        """The picture as it is now: (height, width, 3) uint8 RGB."""
        canvas = data.to_uint8(ops.convert_to_numpy(self.picture)[0] * STD + MEAN, 0.0, 1.0)
        height, width = (side - self.border for side in canvas.shape[:2])
        return canvas[self.border : height, self.border : width]

    def set_rate(self, rate: float) -> None:
        """Change Adam's learning rate, in the picture's units, from the next step on."""
        self.optimizer_of_picture.learning_rate = rate

    def strengths(self) -> np.ndarray:
        """Sums of squares of what is aimed at: of the content, then of each style layer. (1 + layers,) float32."""
        content = self.content_features(_for_network(ops.convert_to_tensor(self.content))) / SCALE
        return np.array([float(ops.sum(ops.square(aim))) for aim in (content, *self.style_aims)], "float32")

    def terms(self, weights: Tensor, top: int | Tensor = 0, left: int | Tensor = 0) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted losses of the picture as it is: (their sum, each by name).

        Args:
            weights: (2 + style layers,): of content, of total variation, then of each style layer.
            top, left: the window's place, 0 to `play` - 1.
        """

        picture, content = ops.convert_to_tensor(self.picture), ops.convert_to_tensor(self.content)

        def window(canvas):
            return _for_network(ops.slice(canvas, (0, top, left, 0), (1, *self.seen, 3)))

        seen = self.features(window(picture))
        aim = ops.stop_gradient(self.content_features(window(content)))
        found = {
            "content": weights[0] * squared_distance(seen[self.content_layer] / SCALE, aim / SCALE),
            "tv": weights[1] * total_variation(picture),
        }
        for i, (layer, aim) in enumerate(zip(self.style_layers, self.style_aims, strict=True)):
            found[f"style_{layer}"] = weights[2 + i] * squared_distance(gram(seen[layer] / SCALE), aim)
        return sum(found.values()), found

    def step(self, batch: Tensor) -> dict[str, Tensor]:
        """Move the picture once; logs are the losses from before.

        Args:
            batch: the weights, then top and left, as for `terms`.
        """
        top, left = ops.cast(batch[-2], "int32"), ops.cast(batch[-1], "int32")
        loss, found = minimize(
            lambda: self.terms(batch[:-2], top, left), [self.picture], self.optimizer_of_picture, self
        )
        return {"loss": loss, **found}
