"""artkeras: five published studies in which people taught neural networks to paint, in Keras 3.

Importing the package does no work: Keras is loaded by the first call that needs it.

>>> import artkeras
>>> pictures = artkeras.load("colour_field/model_2").sample(16)     # (16, 64, 64, 3) uint8
>>> run = artkeras.train(artkeras.recipe("colour_field/model_2").quick())
"""

from importlib import import_module

__version__ = "0.1.0"

# name -> where it lives; resolved on first use so that `import artkeras` stays instant
_PUBLIC = {
    "UserError": "artkeras.errors",
    "load": "artkeras.tasks.results",
    "recipe": "artkeras.recipes",
    "result": "artkeras.tasks.results",
    "resume": "artkeras.training.train",
    "stylize": "artkeras.pretrained.style",
    "train": "artkeras.training.train",
    "trust": "artkeras.trusted",
    "Run": "artkeras.training.run",
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str):
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'artkeras' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
