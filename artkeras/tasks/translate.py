"""Translating pictures by trained networks: of a study's own, and of anybody's, of any size."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

import artkeras
from artkeras import data
from artkeras.errors import UserError
from artkeras.recipes import Recipe
from artkeras.recipes import recipe as find_recipe
from artkeras.reporting import figures
from artkeras.tasks.results import load
from artkeras.tasks.sampling import Trained
from artkeras.tiles import Tiled, bands
from artkeras.training.run import Run

TOGETHER = 1 << 16  # pixels that are translated at a time: 16 pictures of 64 pixels square, one of 256
SMALLEST = 8  # pixels a side that still show something

# Pictures of more pixels are cut into pieces, since the first layer alone has 64 numbers a pixel. Normalised by its own
# mean, a piece would come out in other colours than its neighbours; so all are normalised by the statistics of the
# picture reduced to this many pixels.
WHOLE = 2_000_000
TILE = 768  # pixels a side of a piece
MARGIN = 96  # pixels at a piece's edge that are thrown away: no generator of CycleGAN sees farther

Log = Callable[[str], None]


class Translator(Trained):
    """Trained translators between two domains, A and B.

    Attributes:
        both_ways: whether there is one from B to A, too.
    """

    origin = "pictures of the study"
    nearest = "its translations of held-out pictures were best"

    def __init__(self, recipe: Recipe, networks: Mapping[str, Any], caption: str):
        super().__init__(recipe, networks, caption)
        self.both_ways = "b_to_a" in self.networks
        self._widened: dict[str, tuple[Any, Callable[[np.ndarray], np.ndarray]]] = {}
        a, b = names(recipe)
        back = f" and of {a} from {b}" if self.both_ways else ""
        self.shown = f"Translations: {b} made from {a}{back}, not chosen."

    def translate(self, pictures: np.ndarray, reverse: bool = False) -> np.ndarray:
        """Translate pictures from A to B, or from B to A.

        Args:
            pictures: (n, height, width, 3) uint8 RGB of any size from 8 pixels a side; the result is best at the
                size of training. Above `WHOLE` pixels they are translated in pieces.
            reverse: from B to A.

        Returns:
            The same shape, uint8 RGB. The same pictures give the same result: dropout is off.

        Raises:
            UserError: it goes one way only, or pictures are too small.
        """
        network = self.network(reverse)
        height, width = pictures.shape[1:3]
        check_size(width, height)
        padded, (top, left) = pad(pictures, self._multiple())
        if height * width > WHOLE:
            results = [self._in_pieces(picture, reverse)[None] for picture in padded]
        else:
            usual = padded.shape[1:3] == network.input_shape[1:3]
            run = _called(network) if usual else self._of_any_size(reverse)[1]
            at_once = max(1, TOGETHER // math.prod(padded.shape[1:3]))
            starts = range(0, len(padded), at_once)
            results = [self._to_uint8(run(self._to_float(padded[start : start + at_once]))) for start in starts]
        return np.concatenate(results)[:, top : top + height, left : left + width]

    def _in_pieces(self, picture: np.ndarray, reverse: bool) -> np.ndarray:
        """Translate a large picture (height, width, 3), whose sides are multiples of what the network takes."""
        from artkeras import engine
        from artkeras.networks.translation import with_statistics_of

        multiple = self._multiple()
        height, width = picture.shape[:2]
        factor = math.sqrt(WHOLE / (height * width))
        size = max(SMALLEST, round(width * factor)), max(SMALLEST, round(height * factor))
        reduced = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
        widened, _ = self._of_any_size(reverse)
        with engine.precision_policy("float32"):
            network = with_statistics_of(widened, self._to_float(pad(reduced[None], multiple)[0]))
        run, (low, high) = engine.inference(network), self.recipe.pixel_range

        def translated(batch: np.ndarray) -> np.ndarray:
            return (run(self._to_float(batch)) - low) * (255 / (high - low))

        side = max(-(-TILE // multiple), 2 + -(-2 * MARGIN // multiple)) * multiple
        tiled = Tiled(self.recipe.name, translated, MARGIN, tile=side, multiple=multiple)
        with tqdm(total=tiled.pieces(height, width), unit="tile", leave=False, disable=None) as bar:
            canvas = tiled.canvas(picture, done=bar.update)
        return np.concatenate([rows for _, rows in bands(canvas)])

    def _to_float(self, pictures: np.ndarray) -> np.ndarray:
        low, high = self.recipe.pixel_range
        return pictures.astype("float32") * ((high - low) / 255) + low

    def _to_uint8(self, made: np.ndarray) -> np.ndarray:
        return data.to_uint8(made, *self.recipe.pixel_range)

    def sample(self, count: int = 49, seed: int = 0) -> np.ndarray:
        """`count` pictures of the study, unseen ones where some were held out, translated from A to B."""
        return self.translate(self._examples(count, seed)[..., :3])

    def _panels(self, count: int, seed: int, examples: np.ndarray | None, real: bool) -> dict[str, np.ndarray]:
        """Translations of examples; with `real`, the images they were made from and their reconstructions too.

        Args:
            count: not used: there are as many images as examples.
            seed: of the choice of examples, where none are given.
            examples: (n, size, size, 6) uint8, A in channels 0 to 2; default six of the study.
            real: whether the examples themselves may be shown.
        """
        examples = self._examples(6, seed) if examples is None else examples
        a, b = examples[..., :3], examples[..., 3:]
        to_b = self.translate(a)
        of_a, of_b = names(self.recipe)
        if not real:  # what comes back is meant to be the picture itself, so it is not shown either
            columns = {f"fake {of_b}": to_b}
            columns |= {f"fake {of_a}": self.translate(b, reverse=True)} if self.both_ways else {}
        elif self.both_ways:
            to_a = self.translate(b, reverse=True)
            columns = {f"real {of_a}": a, f"fake {of_b}": to_b, "back": self.translate(to_b, reverse=True)}
            columns |= {f"real {of_b}": b, f"fake {of_a}": to_a, "back ": self.translate(to_a)}
        else:
            columns = {f"real {of_a}": a, f"fake {of_b}": to_b, f"real {of_b}": b}
        return columns

    def arrange(self, panels: Mapping[str, np.ndarray], *, scale: int = 1) -> Image.Image:
        """What `panels` gave, a column each."""
        return figures.columns(panels, scale=scale, caption=self.caption)

    def _examples(self, count: int, seed: int) -> np.ndarray:
        if count < 1:
            raise UserError(f"cannot draw {count} pictures: ask for at least 1")
        train, held_out = self.recipe.pictures()
        source = train if held_out is None else held_out
        chosen = np.random.default_rng(seed).permutation(len(source))
        return source.take(np.resize(chosen, count))

    def network(self, reverse: bool) -> Any:
        """The Keras network from A to B, or from B to A.

        Raises:
            UserError: it goes one way only.
        """
        if reverse and not self.both_ways:
            a, b = names(self.recipe)
            raise UserError(
                f"{self.recipe.name} goes one way only, from {a} to {b}: leave out --reverse, or use a recipe that "
                "goes the other way"
            )
        return self.networks["b_to_a" if reverse else "a_to_b"]

    def _multiple(self) -> int:
        """What sides must be a multiple of: the networks halve them so many times."""
        layers = self.networks["a_to_b"].layers
        return 2 ** sum(type(layer).__name__ == "Conv2D" and layer.strides[0] == 2 for layer in layers)

    def _of_any_size(self, reverse: bool) -> tuple[Any, Callable[[np.ndarray], np.ndarray]]:
        """The network with the same weights, for pictures of any size; and as a function of arrays."""
        name = "b_to_a" if reverse else "a_to_b"
        if name not in self._widened:
            from artkeras import engine

            with engine.precision_policy("float32"):
                network = self.recipe.networks[name].but(any_size=True)(size=self.recipe.size, width=self.recipe.width)
            network.set_weights(self.networks[name].get_weights())
            self._widened[name] = network, engine.inference(network)
        return self._widened[name]


def _called(network: Any) -> Callable[[np.ndarray], np.ndarray]:
    """A network as a function of arrays."""
    from keras import ops

    return lambda pictures: ops.convert_to_numpy(network(ops.convert_to_tensor(pictures), training=False))


def strip(run: Run, *, reverse: bool = False, most: int = 6) -> Image.Image:
    """The same images through training, a column for each epoch whose images were saved.

    Args:
        run: of a translator.
        reverse: those from domain B to A.
        most: epochs, evenly chosen.

    Raises:
        UserError: it goes one way only, or has no saved images yet.
    """
    recipe, saved = run.recipe, run.panels()
    if reverse and "b_to_a" not in recipe.networks:
        raise UserError(f"{recipe.name} goes one way only: leave out reverse")
    if not saved:
        raise UserError(f"{run.path} has no saved images yet: let it train on")
    before, after = names(recipe)[:: -1 if reverse else 1]
    chosen = np.unique(np.linspace(0, len(saved) - 1, min(most, len(saved))).round().astype(int))
    epochs = [list(saved)[i] for i in chosen]
    real = f"real {before}"  # saved where a program drew it
    shown = {real: saved[epochs[-1]][real]} if real in saved[epochs[-1]] else {}
    shown |= {f"epoch {epoch}": saved[epoch][f"fake {after}"] for epoch in epochs}
    return figures.columns(shown, caption=run.caption())


def names(recipe: Recipe) -> tuple[str, str]:
    """What to call the two domains of a recipe, A and B."""
    a, b = recipe.domains
    return a, b


def check_size(width: int, height: int, name: str = "a picture") -> None:
    """Refuse pictures that are too small to be translated.

    Raises:
        UserError: saying which and why.
    """
    if min(width, height) < SMALLEST:
        raise UserError(f"{name} has {width} x {height} pixels: too small, give one of at least {SMALLEST} a side")


def pad(pictures: np.ndarray, multiple: int, at_least: int = 16) -> tuple[np.ndarray, tuple[int, int]]:
    """Enlarge pictures by reflection to multiples of a number.

    Args:
        pictures: (n, height, width, 3).
        multiple: what both sides are to be a multiple of.
        at_least: pixels a side.

    Returns:
        The larger pictures, and where in them the old ones begin: (top, left).
    """
    room = [max(-(-side // multiple) * multiple, at_least) - side for side in pictures.shape[1:3]]
    before = [space // 2 for space in room]
    sides = [(start, space - start) for start, space in zip(before, room, strict=True)]
    if not any(room):
        return pictures, (0, 0)
    return np.pad(pictures, [(0, 0), *sides, (0, 0)], mode="reflect"), tuple(before)


# --- files ------------------------------------------------------------------------------------------------


def translate(
    what: Run | str | Path,
    paths: Sequence[str | os.PathLike[str]],
    out: str | Path = "translated",
    *,
    reverse: bool = False,
    longest: int | None = None,
    log: Log = print,
) -> list[Path]:
    """Translate picture files, each into a PNG file of the same size and name.

    A file that is there already is left as it is, and named: so the same call continues where it was stopped.

    Args:
        what: a run, its folder, or a recipe with a result in the kit.
        paths: files, and folders of them with all that lies below.
        out: folder for the results; those of a folder keep its sub-folders.
        reverse: from domain B to A.
        longest: shrink pictures whose longer side has more pixels than this.
        log: called with each line of news.

    Returns:
        The files written.

    Raises:
        UserError: it is no translator, or a file that was named cannot be translated. Of a folder, such files are
            passed over and listed.
    """
    check(what)
    found = data.inputs(paths)
    wanted = _wanted(found.images, Path(out))
    there = [target for target in wanted if target.exists()]
    for target in there:
        log(f"{target} is there already and was left as it is: to make it again, delete it or choose another --out")
        del wanted[target]
    if there and not wanted:
        return []
    translator = load(what.path if isinstance(what, Run) else what)
    assert isinstance(translator, Translator)
    translator.network(reverse)  # says if there is none
    log(f"{translator.caption}: {' to '.join(names(translator.recipe)[:: -1 if reverse else 1])}")
    comment = f"translated by {translator.recipe.name} (artkeras {artkeras.__version__})"
    written = []
    with tqdm(wanted.items(), unit="picture", disable=None, dynamic_ncols=True) as bar:
        for target, given in bar:
            try:
                image = _opened(given.path, longest)
            except UserError as error:
                if given.named:
                    raise
                found.unread.append((given.path, str(error)))
                continue
            result = translator.translate(np.asarray(image)[None], reverse)[0]
            written.append(data.save_png(Image.fromarray(result), target, comment))
    for line in found.passed_over():
        log(line)
    if not written:
        raise UserError(
            f"none of the {len(found.unread)} pictures could be translated, the first: {found.unread[0][1]}"
        )
    log(f"wrote {written[0] if len(written) == 1 else f'{len(written)} pictures to {out}'}")
    return written


def check(what: Run | str | Path) -> None:
    """Refuse what is no translator, before Keras is loaded.

    Raises:
        UserError: saying what it is.
    """
    run = what if isinstance(what, Run) else Run(what) if Run.is_run(what) or Path(what).exists() else None
    chosen = run.recipe if run else find_recipe(str(what))
    if not chosen.domains:
        raise UserError(f"{chosen.name} does not translate pictures: give a run of CycleGAN or pix2pix")


def _opened(path: Path, longest: int | None) -> Image.Image:
    image = data.picture(path)
    if longest and max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.BICUBIC)
    check_size(*image.size, name=str(path))
    return image


def _wanted(images: Sequence[data.Given], out: Path) -> dict[Path, data.Given]:
    """What is to be written -> what it is made from.

    Raises:
        UserError: a file that was named is no picture, or a result would take the place of a picture that is given.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: give --out a folder")
    for given in images:
        if given.named:
            data.picture(given.path)
    sources = {_identity(given.path): given.path for given in images if given.path.exists()}
    wanted: dict[Path, data.Given] = {}
    numbers: Counter[Path] = Counter()
    for given in images:
        name = given.name.with_suffix(".png")
        while (target := out / name) in wanted:  # a.jpg and a.png, or the same name from two folders
            numbers[target] += 1
            name = given.name.with_name(f"{given.name.stem}-{numbers[target] + 1}.png")
        if target.exists() and (lost := sources.get(_identity(target))):
            place = "its place" if lost == given.path else f"the place of {lost}"
            raise UserError(f"the translation of {given.path} would take {place}: give another --out")
        wanted[target] = given
    return wanted


def _identity(path: Path) -> tuple[int, int]:
    """Equal for two paths of one file."""
    found = path.stat()
    return found.st_dev, found.st_ino
