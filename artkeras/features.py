"""Networks that describe a picture by numbers, for the scores of `artkeras.metrics`.

    lite0        EfficientNet-Lite0, 1280 numbers; the kit's own scores are on it (19 MB, fetched when needed)
    squeezenet   SqueezeNet 1.1, 512 numbers: a second opinion by another network (5 MB)
    inception    InceptionV3 by `keras.applications`, 2048 numbers; Keras fetches its 88 MB itself. Not the weights of
                 published FIDs, which are those of a TensorFlow port of 2015: such numbers are still not comparable.

Scores on different networks cannot be compared with each other.
"""

import numpy as np
from PIL import Image

from artkeras import engine
from artkeras.engine import keras
from artkeras.errors import UserError

BATCH = 32


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

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Describe pictures: (n, size, size, 3) uint8 RGB -> (n, d) float32; lite0 takes 20 ms a picture on a core.

        They are resized by Pillow's bicubic, straight from uint8: a JPEG in between would be judged too.
        """
        size, bicubic = (self.side, self.side), Image.Resampling.BICUBIC
        resized = (
            np.stack([np.asarray(Image.fromarray(picture).resize(size, bicubic)) for picture in batch])
            for batch in np.split(pictures, range(BATCH, len(pictures), BATCH))
        )
        return np.concatenate([self.network.predict_on_batch(batch.astype("float32")) for batch in resized])
