"""Arrays by name in one file, with facts beside them: checkpoints, and the networks of results."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from artkeras.files import atomic


class Damaged(Exception):
    """A file of arrays that cannot be read whole."""


def write_state(
    path: Path, state: Mapping[str, np.ndarray], facts: Mapping[str, Any], *, compressed: bool = False
) -> None:
    """Write arrays by name, and facts as JSON beside them, whole or not at all.

    The facts get the names of all arrays: the archive has a checksum of each member, but none of its list of them.

    Raises:
        OSError: it cannot be written.
    """
    arrays: dict[str, Any] = {"facts": np.array(json.dumps({**facts, "arrays": sorted(state)})), **state}
    with atomic(path) as part, open(part, "wb") as file:
        (np.savez_compressed if compressed else np.savez)(file, **arrays)


def read_state(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read a checkpoint or a committed generator: its arrays by name, and the facts stored with them.

    Every member is read to its end before it is parsed, so that the checksum of the archive covers all of it, the
    arrays' headers too. `np.load` parses the header first.

    Raises:
        Damaged: when the file is missing, cut short, changed in any bit that counts, or something else.
    """
    try:
        with zipfile.ZipFile(path) as file:
            state = {name.removesuffix(".npy"): _array(file.read(name)) for name in file.namelist()}
        facts = _as_facts(state.pop("facts"))
        if facts.pop("arrays", sorted(state)) != sorted(state):  # files of before have no such list
            raise ValueError("its arrays are not those that were written")
        return state, facts
    except MemoryError:
        raise
    except Exception as error:  # zipfile, zlib, numpy and json have many
        raise Damaged(str(error) or type(error).__name__) from error


def _array(content: bytes) -> np.ndarray:
    return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)


def _as_facts(stored: np.ndarray) -> dict[str, Any]:
    facts = json.loads(str(stored))
    if not isinstance(facts, dict):
        raise ValueError("its facts are no named values")
    return facts


def read_facts(path: Path) -> dict[str, Any]:
    """The facts of a file alone, without its arrays.

    Raises:
        Damaged: when they cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as file:
            return _as_facts(_array(file.read("facts.npy")))
    except Exception as error:
        raise Damaged(str(error) or type(error).__name__) from error
