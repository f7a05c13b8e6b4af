"""Models: `keras.Model` subclasses that know one thing, how to take a training step."""

import artkeras.engine  # noqa: F401 - before any other import of Keras: it checks and quiets the backend
