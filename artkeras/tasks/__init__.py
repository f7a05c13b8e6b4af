"""Kinds of models, one module a kind: all that differs between them outside their training steps.

Importing this, or a kind, loads no Keras.
"""

from importlib import import_module

from artkeras.errors import UserError
from artkeras.tasks.base import Kind

__all__ = ["KINDS", "Kind", "kind"]

KINDS = {
    "autoencoder": "artkeras.tasks.reconstruction:AUTOENCODER",
    "cyclegan": "artkeras.tasks.translation:CYCLEGAN",
    "gan": "artkeras.tasks.generation:GAN",
    "pix2pix": "artkeras.tasks.translation:PIX2PIX",
}
"""Name, as recipes have it -> where the kind's `Kind` is."""


def kind(name: str) -> Kind:
    """Look up a kind by its name.

    Raises:
        UserError: for an unknown one.
    """
    if name not in KINDS:
        raise UserError(f"no kind of model is called {name!r}: choose one of {', '.join(KINDS)}")
    module, made = KINDS[name].split(":")
    return getattr(import_module(module), made)
