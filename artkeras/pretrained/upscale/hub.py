"""Networks in TensorFlow's SavedModel format: of TensorFlow Hub, and of a folder."""

import contextlib
import os
import socket
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from artkeras.errors import UserError
from artkeras.files import home
from artkeras.pretrained import weights
from artkeras.tiles import Run

HUB_TIMEOUT = 20.0  # seconds of silence after which the hub counts as unreachable


def from_hub(handle: str) -> Run:
    """A network of TensorFlow Hub, from `$TFHUB_CACHE_DIR` or the kit's cache, else from the web into that."""
    from artkeras import engine

    if engine.BACKEND != "tensorflow":
        raise weights.Unavailable(f"it is published for TensorFlow alone, and the backend is {engine.BACKEND}")
    with _hub_settings():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about pkg_resources, which it imports
                import tensorflow_hub
        except ImportError as error:
            raise weights.Unavailable(
                f"TensorFlow Hub cannot be used ({_line(error)}): pip install tensorflow-hub tf_keras 'setuptools<82'"
            ) from None
        place = Path(tensorflow_hub.resolver.tfhub_cache_dir())
        try:
            path = tensorflow_hub.resolve(handle)
        except Exception as error:  # of urllib, tarfile, TensorFlow
            raise weights.Unavailable(
                f"{handle} cannot be fetched ({_line(error)}); where the web can be reached, fetch it there and copy "
                f"the folder {place}"
            ) from None
        return from_folder(Path(path), tensorflow_hub.load, "delete it, and it is fetched again")


@contextlib.contextmanager
def _hub_settings() -> Iterator[None]:
    """TensorFlow Hub keeps networks in a folder that does not last, and waits for ever, unless told otherwise."""
    before, patience = os.environ.get("TFHUB_CACHE_DIR"), socket.getdefaulttimeout()
    os.environ["TFHUB_CACHE_DIR"] = before or str(home() / "hub")
    socket.setdefaulttimeout(HUB_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(patience)
        if before is None:
            del os.environ["TFHUB_CACHE_DIR"]
        else:
            os.environ["TFHUB_CACHE_DIR"] = before


def from_folder(folder: Path, load: Callable[[str], Any] | None = None, advice: str = "check the path") -> Run:
    """A network in TensorFlow's SavedModel format that keeps to the contract of esrgan-tf2.

    Raises:
        UserError: when it cannot be read, or makes something else of a small picture.
    """
    from artkeras import engine

    if engine.BACKEND != "tensorflow":
        raise UserError(f"{folder} is a SavedModel, which TensorFlow alone reads, and the backend is {engine.BACKEND}")
    import tensorflow as tf

    def run(batch: np.ndarray) -> np.ndarray:
        return network(tf.constant(batch)).numpy()

    try:
        network = (load or tf.saved_model.load)(str(folder))
        shape = run(np.full((1, 8, 8, 3), 127, "float32")).shape
    except Exception as error:  # TensorFlow has many ways to say that a file is broken
        raise UserError(f"{folder} holds no network that enlarges pictures ({_line(error)}): {advice}") from None
    if shape != (1, 32, 32, 3):
        raise UserError(f"{folder} holds a network that makes {shape} of (1, 8, 8, 3), not (1, 32, 32, 3)")
    return run


def _line(error: BaseException) -> str:
    text = " ".join(str(getattr(error, "reason", "") or error).split()) or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."
