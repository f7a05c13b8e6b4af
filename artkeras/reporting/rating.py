"""Ratings by people: a page on which they rate real and generated pictures without knowing which is which.

    python -m artkeras rate colour_field/model_2 --data paintings     rating.html, and its key rating-key.json
    python -m artkeras rate --read ratings*.csv                       what the raters' files say, joined by the key

This is the test of study 2 (Meng Chen, 2023: five raters, one to five stars, mean 3.8 for the generated pictures), with
what it left out: the real pictures are rated too, raters guess which are real, and the results have intervals and
agreement (`artkeras.reporting.rating_answers`). The page is `templates/rating.html.j2`.

Only the pictures themselves tell real from generated ones: both have the recipe's size, real ones are reduced to it as
for training, all are PNG of one length, numbered in a shuffled order, and the browser shows them in another order to
each rater. It enlarges all of them smoothly: at 64 pixels a side, sharp squares would be the first thing anybody sees,
in a painting as well.
"""

import hashlib
import io
import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artkeras import __version__, data
from artkeras.errors import UserError
from artkeras.files import atomic, check_place
from artkeras.reporting.document import data_url, render
from artkeras.reporting.rating_answers import MODES, Ratings, is_key, read

__all__ = ["COUNT", "MODES", "SEED", "Ratings", "read", "write"]

COUNT = 20  # pictures of each category, real and generated
SEED = 1  # of their choice; not the 0 of the grids, which raters may have seen

Log = Callable[[str], None]


def write(
    what: str | Path,
    *,
    data: str | Path | None = None,
    out: str | Path = "rating.html",
    count: int = COUNT,
    seed: int = SEED,
    mode: str = "both",
    log: Log = print,
) -> tuple[Path, Path]:
    """Write a page for raters, and its key beside it.

    Args:
        what: the folder of a run, or the name of a recipe with a result in the kit.
        data: the folder of its pictures, if they have moved.
        out: the page; the key becomes OUT-key.json.
        count: real pictures, and as many generated ones.
        seed: decides the samples, the choice among the paintings, and the order.
        mode: "stars" (1 to 5), "real-or-fake", or "both".
        log: called with each line to print.

    Returns:
        The paths of the page and of the key.

    Raises:
        UserError: there are no pictures of the recipe's study, or fewer than `count`; the page cannot be written, or
            the key of another page is in its place.
    """
    out = Path(out)
    key_path = out.with_name(f"{out.stem}-key.json")
    if mode not in MODES:
        raise UserError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
    if count < 1:
        raise UserError(f"{count} pictures cannot be rated: ask for at least 1")
    check_place(out, "--out")
    _check_folder(data)

    from artkeras.tasks.results import load

    trained = load(what)
    from artkeras.tasks.evaluation import as_run, paintings_of

    paintings, held_out = paintings_of(trained, as_run(what), data)
    pools = [pool for pool in (paintings, held_out) if pool is not None]
    _check_pools(pools, trained.recipe.name)
    everything = [(pool, i) for pool in pools for i in range(len(pool))]
    if count > len(everything):
        raise UserError(f"{paintings.source} holds {len(everything)} paintings: pass a --count no larger than that")
    rng = np.random.default_rng(seed)
    chosen = [everything[i] for i in rng.choice(len(everything), count, replace=False)]
    pictures = [(pool.take([i])[0], {"kind": "real", "name": pool.names[i]}) for pool, i in chosen]
    pictures += [(picture, {"kind": "fake", "sample": i}) for i, picture in enumerate(trained.sample(count, seed))]
    pictures = [pictures[i] for i in rng.permutation(len(pictures))]
    key: dict[str, Any] = {
        "page": _page_id([picture for picture, _ in pictures], mode),
        "what": trained.caption,
        "recipe": trained.recipe.name,
        "synthetic": paintings.synthetic,
        "mode": mode,
        "seed": seed,
        "pictures": [source for _, source in pictures],
    }
    if key_path.exists() and not is_key(key_path, key["page"]):
        raise UserError(
            f"{key_path} is there already and is not the key of this page. Ratings of another page may need it: pass "
            "another --out, or move it away"
        )
    with atomic(key_path) as part:
        text = json.dumps(key, indent=1, ensure_ascii=False) + "\n"
        part.write_text(text, encoding="utf-8", errors="backslashreplace")  # a name may hold what is no character
    with atomic(out) as part:
        part.write_text(_document(key, [picture for picture, _ in pictures]), encoding="utf-8")

    log(f"{trained.caption}: {count} samples among {count} of {len(everything)} pictures from {paintings.source}")
    log(
        f"wrote {out}: for the raters"
        + ("" if paintings.synthetic else ", and for them alone: it shows pictures that the network was trained on")
    )
    log(f"wrote {key_path}: it says which picture is which; keep it, and do not show it to the raters")
    log(f"then: python -m artkeras rate --read ratings*.csv --key {shlex.quote(str(key_path))}")
    return out, key_path


def _check_folder(folder: str | Path | None) -> None:
    """Refuse a wrong folder before Keras is loaded."""
    if folder is not None:
        data.find("", folder)


def _check_pools(pools: Sequence[Any], name: str) -> None:
    """Refuse networks that turn pictures into pictures: they are trained on pairs, not on paintings."""
    if not all(isinstance(pool, data.Pictures) for pool in pools):
        raise UserError(f"{name} makes pictures from pictures: give a network that makes them from random numbers")


def _page_id(pictures: Sequence[np.ndarray], mode: str) -> str:
    """Return what ties ratings to their key: a hash in letters, since spreadsheets change long numbers."""
    whole = hashlib.sha256(mode.encode() + b"".join(picture.tobytes() for picture in pictures)).hexdigest()
    return whole[:12].translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))


def _document(key: dict[str, Any], pictures: Sequence[np.ndarray]) -> str:
    """Return the page of pictures, (size, size, 3) uint8 each. It gets nothing of the key that tells real ones."""
    values = {
        "synthetic": key["synthetic"],
        "real": sum(picture["kind"] == "real" for picture in key["pictures"]),
        "version": __version__,
    }
    return render("rating", values, {"id": key["page"], "mode": key["mode"], "pictures": [_url(p) for p in pictures]})


def _url(picture: np.ndarray) -> str:
    """Return an address that holds a picture as PNG without compression, whose length does not depend on it."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", compress_level=0)
    return data_url(file.getvalue(), "image/png")
