"""Which code a stored recipe may name.

A run's recipe.json and a result's generator.npz name the functions that build their networks, and opening them calls
these functions. Files from somebody else could name any function of any module. So a recipe that is read from a file
may name only:

- as model: what is public in a module of `artkeras.models`;
- as networks: what is public in a module of `artkeras.networks`;
- as optimizer: what is public in `artkeras.models`, or one of Keras' own optimizers;
- anywhere: a module that the user has named, by `--trust MODULE` on the command line or `artkeras.trust("MODULE")`.

Options of a builder are numbers, texts, true, false, nothing, or lists of these. Keras reads a dictionary as the
configuration of an object, which can name code too.

Recipes that are written in Python are code already and are not checked. Keras is not loaded here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from artkeras.errors import UserError

PLACES = {"model": "artkeras.models", "networks": "artkeras.networks", "optimizer": "artkeras.models"}
"""Field of a recipe -> the package whose modules its builders come from."""

OPTIMIZERS = frozenset(
    f"keras.optimizers:{name}"
    for name in "Adadelta Adafactor Adagrad Adam Adamax AdamW Ftrl Lamb Lion Nadam RMSprop SGD".split()
)

_trusted: set[str] = set()


class NotTrusted(UserError):
    """A stored recipe names code that is neither the kit's nor trusted."""


def trust(*modules: str) -> None:
    """Let stored recipes name builders of these modules, and of modules below them, until the process ends.

    Opening a run of such a recipe imports the module and calls its functions, so name only code that you know.

    >>> artkeras.trust("seascapes")
    >>> artkeras.Run("runs/seascapes-plain-20260102-030405").sample(16)

    Raises:
        UserError: for what is not the name of a module.
    """
    for module in modules:
        if not all(part.isidentifier() for part in module.split(".")):
            raise UserError(f"{module!r} is not the name of a module: give one such as seascapes or mine.networks")
    _trusted.update(modules)


def is_trusted(module: str) -> bool:
    """Whether the user has named this module, or one that it lies below."""
    return any(f"{module}.".startswith(f"{known}.") for known in _trusted)


def check_builder(role: str, path: Any, options: Mapping[str, Any]) -> None:
    """Refuse a builder of a stored recipe that names other code than it may.

    Args:
        role: "model", "networks" or "optimizer".
        path: "module:name".
        options: keyword -> value.

    Raises:
        NotTrusted: when it names code that is neither the kit's nor trusted.
        ValueError: when it is no builder at all.
    """
    module, colon, name = path.partition(":") if isinstance(path, str) else ("", "", "")
    if not (colon and name.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise ValueError(f"{path!r} is not a builder: module:name")
    check_options(path, options)
    if is_trusted(module) or (role == "optimizer" and path in OPTIMIZERS):
        return
    if not module.startswith(f"{PLACES[role]}.") or any(part.startswith("_") for part in (*module.split("."), name)):
        raise NotTrusted(
            f"its recipe names {path}, which is not one of the kit's builders, and opening it would run that code: "
            f"if you know it, add --trust {module} (in Python: artkeras.trust({module!r}))"
        )


def check_options(path: str, options: Mapping[str, Any]) -> None:
    """Refuse options that are not plain values.

    Raises:
        ValueError: naming the first one.
    """
    for key, value in options.items():
        if not _is_plain(value):
            raise ValueError(f"the option {key} of {path} must be a number, a text, true, false or a list of these")


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)
