"""VGG19 without its classifier, for style transfer: the network of the method's first paper, by `keras.applications`.

Architecture: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition"
(arXiv 1409.1556). Keras fetches its 80 MB of weights itself.
"""

from collections.abc import Sequence

from artkeras import engine
from artkeras.engine import keras
from artkeras.errors import UserError


def features(layers: Sequence[str], weights: str | None = "imagenet") -> keras.Model:
    """Pictures to what the network sees at some layers, in float32 whatever the precision policy.

    Args:
        layers: names as in `keras.applications.VGG19`, such as "block4_conv2"; all are after their ReLU.
        weights: as there; None for random weights.

    Returns:
        (n, height, width, 3) in BGR, 0..255, minus the means of `squeezenet.preprocess`, which are the same here -> a
        dictionary {layer: (n, h, w, channels)}; frozen.

    Raises:
        UserError: when the weights cannot be fetched.
    """
    with engine.precision_policy("float32"):
        try:
            network = keras.applications.VGG19(include_top=False, weights=weights)
        except Exception as error:  # Keras raises whatever its download meets
            raise UserError(
                f"the weights of VGG19 cannot be had ({' '.join(str(error).split())}): Keras fetches them from the "
                "web; without it choose squeezenet"
            ) from None
        model = keras.Model(network.input, {name: network.get_layer(name).output for name in layers}, name="vgg19")
    model.trainable = False
    return model
