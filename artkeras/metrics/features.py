"""Networks that describe a picture by numbers, for the scores of `artkeras.metrics`.

    lite0        EfficientNet-Lite0, 1280 numbers; the kit's own scores are on it (19 MB, fetched when needed)
    squeezenet   SqueezeNet 1.1, 512 numbers: a second opinion by another network (5 MB)
    inception    InceptionV3 by `keras.applications`, 2048 numbers; Keras fetches its 88 MB itself. Not the weights of
                 published FIDs, which are those of a TensorFlow port of 2015: such numbers are still not comparable.

Scores on different networks cannot be compared with each other.
"""

import hashlib

import numpy as np
from PIL import Image

from artkeras import engine
from artkeras.engine import keras
from artkeras.errors import UserError

BATCH = 32
REMEMBERED = 8  # sets of pictures whose features are kept: paintings are described again and again


def _lite0() -> keras.Model:
    from artkeras.networks import efficientnet_lite

    return efficientnet_lite.features()


def _squeezenet() -> keras.Model:
    from artkeras.networks import squeezenet

    with engine.precision_policy("float32"):
        pictures = keras.Input((224, 224, 3))
        last = squeezenet.features(layers=[12], size=224)(squeezenet.preprocess(pictures))[12]
        return keras.Model(pictures, keras.ops.mean(last, axis=(1, 2)))


def _inception() -> keras.Model:
    with engine.precision_policy("float32"):
        try:
            network = keras.applications.InceptionV3(include_top=False, pooling="avg", input_shape=(299, 299, 3))
        except Exception as error:  # Keras raises whatever its download meets
            raise UserError(
                f"the weights of InceptionV3 cannot be had ({' '.join(str(error).split())}): Keras fetches them from "
                "the web; without it choose --features lite0 or squeezenet"
            ) from None
        pictures = keras.Input((299, 299, 3))
        return keras.Model(pictures, network(pictures / 127.5 - 1))


NETWORKS = {"lite0": (224, _lite0), "squeezenet": (224, _squeezenet), "inception": (299, _inception)}


class Features:
    """One of `NETWORKS`, ready to describe pictures.

    Attributes:
        name: its name, as it stands in the names of scores.
        resize: how pictures are brought to its size, likewise.
    """

    def __init__(self, name: str = "lite0"):
        """Build the network and fetch its weights, if need be.

        Raises:
            UserError: for an unknown name, or when the weights cannot be had.
        """
        if name not in NETWORKS:
            raise UserError(f"features {name!r} are unknown: choose one of {', '.join(NETWORKS)}")
        self.name = name
        self.side, build = NETWORKS[name]
        self.resize = f"bicubic{self.side}"
        self.network = build()
        self._described: dict[tuple[str, int | None], np.ndarray] = {}

    def __call__(self, pictures: np.ndarray, thumbnail: int | None = None) -> np.ndarray:
        """Describe pictures: (n, size, size, 3) uint8 RGB -> (n, d) float32; lite0 takes 20 ms a picture on a core.

        They are resized by Pillow's bicubic, straight from uint8: a JPEG in between would be judged too.

        Args:
            pictures: of one size.
            thumbnail: shrink them to this side first (antialiased), so that only what is coarser is described.

        Returns:
            The same array for the same pictures; do not change it.
        """
        key = hashlib.sha256(pictures.tobytes()).hexdigest(), thumbnail
        found = self._described.pop(key, None)
        self._described[key] = self._describe(pictures, thumbnail) if found is None else found  # last: used last
        if len(self._described) > REMEMBERED:
            del self._described[next(iter(self._described))]
        return self._described[key]

    def _describe(self, pictures: np.ndarray, thumbnail: int | None) -> np.ndarray:
        sides = [self.side] if thumbnail is None else [min(thumbnail, pictures.shape[1]), self.side]
        batches = (
            np.stack([_resized(picture, sides) for picture in batch])
            for batch in np.split(pictures, range(BATCH, len(pictures), BATCH))
        )
        return np.concatenate([self.network.predict_on_batch(batch.astype("float32")) for batch in batches])


def _resized(picture: np.ndarray, sides: list[int]) -> np.ndarray:
    """A picture brought to one side after another."""
    image = Image.fromarray(picture)
    for side in sides:
        image = image.resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(image)
