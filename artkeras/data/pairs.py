"""Two domains of pictures to translate between: pairs in one file each, or two unpaired sets.

Both are a `Pairs`, which draws what a training step needs: a picture of domain A beside one of domain B, each cut at
random from a slightly larger one and mirrored half of the time ("jitter", as in the code of CycleGAN and pix2pix). The
reading, the caching and the choice of held-out pictures are those of `artkeras.data`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artkeras.data import folders
from artkeras.data.dataset import Pictures
from artkeras.data.decoding import HALVES
from artkeras.data.loading import SYNTHETIC_SOURCE, placeholders
from artkeras.data.loading import load as load_one
from artkeras.errors import UserError
from artkeras.files import expanded

# Published: pictures are brought to 286 pixels, of which 256 are cut out.
JITTER = 286 / 256

# Kaggle and the authors call the folders of an unpaired set so, whatever is in them: A and B.
USUAL_FOLDERS = ("trainA", "trainB")


def jittered(size: int) -> int:
    """The side that pictures are loaded at, to be cut to `size`: 286 for 256."""
    return round(size * JITTER)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pictures of two domains.

    Attributes:
        a: those of domain A, with more pixels a side than `size`, see `JITTER`.
        b: those of domain B, of the same side.
        aligned: whether picture i of A and picture i of B belong together.
        size: side of the pictures that `draw` and `take` give.
        folder: where they lie, as `find` gives it; "synthetic placeholder" where they are none.
    """

    a: Pictures
    b: Pictures
    aligned: bool
    size: int
    folder: str

    def __len__(self) -> int:
        """Pictures in the larger domain: an epoch is as many draws."""
        return max(len(self.a), len(self.b))

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        """`count` pairs drawn with replacement, cut and mirrored: (count, size, size, 6) uint8, A in channels 0 to 2.

        Unpaired sets are drawn from, cut and mirrored independently of each other.
        """
        in_a = random.integers(len(self.a), size=count)
        a, b = self.a.take(in_a), self.b.take(in_a if self.aligned else random.integers(len(self.b), size=count))
        if self.aligned:
            return self._jitter(random, np.concatenate([a, b], axis=3))
        return np.concatenate([self._jitter(random, a), self._jitter(random, b)], axis=3)

    def _jitter(self, random: np.random.Generator, pictures: np.ndarray) -> np.ndarray:
        """Cut a square at random out of each picture, and mirror half of them."""
        room = pictures.shape[1] - self.size
        places = random.integers(room + 1, size=(len(pictures), 2))
        cut = [picture[y : y + self.size, x : x + self.size] for picture, (y, x) in zip(pictures, places, strict=True)]
        turned = random.random(len(pictures)) < 0.5
        return np.stack([picture[:, ::-1] if turn else picture for picture, turn in zip(cut, turned, strict=True)])

    def take(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Whole pictures at `indices`, brought to size: (k, size, size, 6) uint8.

        Of unpaired sets the smaller one begins again where it ends.

        Raises:
            IndexError: an index is not a whole number in [0, len(self)).
        """
        indices = np.asarray(indices).reshape(-1)
        if indices.size and not 0 <= indices.min() <= indices.max() < len(self):
            raise IndexError(f"indices must lie in [0, {len(self)})")
        return np.concatenate([self.whole("a", indices % len(self.a)), self.whole("b", indices % len(self.b))], axis=3)

    def whole(self, domain: str, indices: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """Pictures of one domain, "a" or "b", brought to size: (k, size, size, 3) uint8. Default all of them."""
        pictures = {"a": self.a, "b": self.b}[domain]
        taken = pictures.take(range(len(pictures)) if indices is None else indices)
        if taken.shape[1] == self.size:
            return taken
        side = (self.size, self.size)
        return np.stack([np.asarray(Image.fromarray(p).resize(side, Image.Resampling.BICUBIC)) for p in taken])

    def originals(self) -> Pairs:
        """Themselves: there are no copies among them."""
        return self

    @property
    def memory(self) -> int:
        """Bytes of memory they take."""
        return self.a.memory + self.b.memory

    @property
    def source(self) -> str:
        """Where they are from."""
        return self.folder

    @property
    def synthetic(self) -> bool:
        """Whether a program drew them."""
        return self.a.synthetic

    @property
    def skipped(self) -> tuple[tuple[str, str], ...]:
        """(name, reason) of every file that could not be read."""
        return self.a.skipped if self.aligned else (*self.a.skipped, *self.b.skipped)

    @property
    def notes(self) -> tuple[str, ...]:
        """One-line facts for the log."""
        notes = list(dict.fromkeys([*self.a.notes, *self.b.notes]))
        if not self.aligned:
            notes.append(f"unpaired: {len(self.a)} pictures of domain A, {len(self.b)} of domain B")
        return tuple(notes)

    @property
    def fingerprint(self) -> str:
        """A hash of exactly these pictures, in this order."""
        return hashlib.blake2b(f"{self.a.fingerprint} {self.b.fingerprint}".encode(), digest_size=16).hexdigest()


def is_paired(domains: tuple[str, ...]) -> bool:
    """Whether domains are the halves of files, "left" and "right", or "right" and "left"."""
    return sorted(domains) == sorted(HALVES)


def find(study: str, domains: tuple[str, str], folder: str | os.PathLike[str] | None = None) -> Path | None:
    """Find the folder of a study with two domains, or None.

    Pairs lie where `artkeras.data.find` looks. Unpaired sets are two folders, named as the domains or trainA and
    trainB, in `$ARTKERAS_DATA/<study>`, `data/<study>`, `$ARTKERAS_DATA` or `data`; an explicit `folder` counts alone.

    Raises:
        UserError: the explicit folder is missing, or does not hold both.
    """
    if is_paired(domains):
        return folders.find(study, folder)
    if folder is not None:
        folder = expanded(folder)
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "does not exist"
            raise UserError(f"{folder} {what}: name the folder that holds the folders {' and '.join(domains)}")
        if _both(folder, domains) is None:
            missing = [name for name in domains if not (folder / name).is_dir()]
            what = f"has no folder {' and no folder '.join(missing)}" if missing else "holds an empty folder"
            raise UserError(
                f"{folder} {what}: put pictures into {folder / domains[0]} and {folder / domains[1]} "
                f"(or {' and '.join(USUAL_FOLDERS)})"
            )
        return folder
    places = [Path("data", study), Path("data")]
    if os.environ.get("ARTKERAS_DATA"):
        home = expanded(os.environ["ARTKERAS_DATA"])
        places = [home / study, places[0], home, places[1]]
    return next((place for place in places if _both(place, domains)), None)


def _both(folder: Path, domains: tuple[str, str]) -> tuple[Path, Path] | None:
    """The folders of both domains, if both hold pictures."""
    for a, b in (domains, USUAL_FOLDERS):
        found = (folder / a, folder / b)
        if all(place.is_dir() and folders.holds_pictures(place) for place in found):
            return found
    return None


def load(
    study: str,
    domains: tuple[str, str],
    size: int,
    *,
    folder: str | os.PathLike[str] | None = None,
    fit: str = "stretch",
    holdout: float = 0.0,
    seed: int = 0,
    limit: int | None = None,
) -> tuple[Pairs, Pairs | None]:
    """Load a study's two domains: (training pictures, held-out pictures or None).

    Args:
        study: such as "facades" or "monet2photo".
        domains: A and B. ("right", "left"): each file is a pair, A its right half and B its left. Otherwise the names
            of two folders, which are also the studies that give placeholders.
        size: side of the pictures that training sees; they are loaded larger, see `JITTER`.
        folder: where they are; by default wherever `find` finds them.
        fit: "stretch" or "crop", how an unpaired picture becomes a square; halves are stretched.
        holdout: share of the pictures to hold out, of each domain; see `artkeras.data.load`.
        seed: decides the draws for `holdout` and `limit`.
        limit: at most this many pictures of each domain to train on.

    Raises:
        UserError: as `artkeras.data.load`, and as `find`.
    """
    found = find(study, domains, folder)
    paired = is_paired(domains)
    places = None if found is None else (found, found) if paired else _both(found, domains)
    studies = domains if places is None and not paired else (study, study)
    divided = []
    for place, name, domain in zip(places or (None, None), studies, domains, strict=True):
        options: dict[str, Any] = {"subset": "all", "expand": False, "fit": domain if paired else fit}
        options |= {"holdout": holdout, "seed": seed, "limit": limit}
        if place is None:
            divided.append(placeholders(name, jittered(size), **options))
        else:
            divided.append(load_one(name, jittered(size), folder=place, **options))
    where = SYNTHETIC_SOURCE if found is None else os.fspath(found if folder is None else folder)
    (a, unseen_a), (b, unseen_b) = divided
    unseen = None if unseen_a is None or unseen_b is None else Pairs(unseen_a, unseen_b, paired, size, where)
    return Pairs(a, b, paired, size, where), unseen
