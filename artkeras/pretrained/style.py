"""Style transfer: the content of one picture in the manner of others, after Gatys and others (arXiv 1508.06576).

    *_, last = stylize("photo.jpg", "painting.png")
    last.picture                                            # (height, width, 3) uint8

Study 5e did it with SqueezeNet on a processor. Its report gives layers and weights, but not the units they are in. But
for one they are those of an exercise of the course Stanford CS231n (its setting for "The Scream"), so the rest is taken
to be the exercise's too: sums of squares, and a picture in standard deviations of ImageNet's colours. That one is the
weight of the total variation: 2, where the exercise has 0.02. See `PRESETS`.

Arguments are checked before Keras is loaded.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from artkeras import data
from artkeras.errors import UserError
from artkeras.files import check_place
from artkeras.recipes import Builder
from artkeras.reporting import figures

COARSEST = 256  # pixels of the long side: what is to be larger is made at half that size first, and so on
SMALLEST = 16  # pixels a side, below which a picture shows nothing
KEPT = 4  # models kept for the next picture of the same size, since compiling one takes seconds

Picture = str | os.PathLike[str] | Image.Image | np.ndarray


@dataclass(frozen=True)
class Network:
    """A network that judges pictures.

    Attributes:
        build: how to build it; called with `layers`, and returns what `networks.squeezenet.features` does.
        content: the layer whose features the content is.
        style: the layers whose Gram matrices the style is.
        smallest: pixels that the short side of a picture needs.
    """

    build: Builder
    content: int | str
    style: tuple[int | str, ...]
    smallest: int


NETWORKS = {
    # the report's layers, counted as in torchvision's `squeezenet1_1().features`
    "squeezenet": Network(Builder("artkeras.networks.squeezenet:features"), 3, (1, 4, 6, 7), 31),
    # the layers of Gatys and others
    "vgg19": Network(
        Builder("artkeras.networks.vgg19:features"),
        "block4_conv2",
        ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1"),
        32,
    ),
}


@dataclass(frozen=True)
class Preset:
    """How much each loss counts, and how the optimizer walks.

    Attributes:
        content_weight, style_weights, tv_weight: of the losses in `artkeras.models.style`; one style weight a layer.
        steps: at the first size; each larger one takes half as many.
        rates: Adam's learning rate at first and at the end, in the picture's units (standard deviations of colour).
        turn: share of the steps after which the second rate holds.
        area: pixels of the picture that the weights are for. In a larger one the sums of content and total variation
            grow, and that of style does not, so the weights of those two are made smaller. None: they are not.
        relative: content and style weights are for losses divided by the sum of squares of what is aimed at, so that
            they do not depend on the strength of a network's features.
        moving: look through a window that moves from step to step, see `artkeras.models.style.PLAY`.
    """

    content_weight: float
    style_weights: tuple[float, ...]
    tv_weight: float
    steps: int = 150
    rates: tuple[float, float] = (0.1, 0.02)
    turn: float = 0.8
    area: int | None = 192 * 192
    relative: bool = False
    moving: bool = True


# The report's weights in the units of the exercise; steps and rates are the exercise's, for the report gives none.
PUBLISHED = Preset(0.03, (200_000, 800, 12, 1), 2.0, steps=200, rates=(3.0, 0.1), turn=0.9, area=None, moving=False)

PRESETS = {
    "squeezenet": {
        "published": PUBLISHED,
        # The other reading: the total variation is that of pixels from 0 to 1, which is 0.225 squared of the other.
        "published-0-1": replace(PUBLISHED, tv_weight=2.0 * 0.225**2),
        "clean": Preset(0.002, (200_000, 4_000, 120, 20), 0.02),
    },
    # Not published, and not looked at yet. On SqueezeNet the clean preset comes to a content weight of 1, style weights
    # of about (30, 10, 0.4, 0.02) and this tv weight, in terms of `Preset.relative`.
    "vgg19": {"clean": Preset(1.0, (20, 10, 5, 2, 1), 2e-5, relative=True)},
}


class Iterate(NamedTuple):
    """A picture on its way.

    Attributes:
        step: steps taken until now, of `steps`.
        losses: the weighted losses before this step: "loss" is the sum of "content", "tv" and of "style_<layer>".
        picture: (height, width, 3) uint8 RGB.
    """

    step: int
    steps: int
    losses: dict[str, float]
    picture: np.ndarray


def stylize(
    content: Picture,
    style: Picture | Sequence[Picture | tuple[Picture, float]],
    *,
    preset: str = "clean",
    content_weight: float | None = None,
    style_weights: Sequence[float] | None = None,
    tv_weight: float | None = None,
    size: int = COARSEST,
    steps: int | None = None,
    net: str = "squeezenet",
    initial: str = "content",
    seed: int = 0,
    keep_colour: bool = False,
    every: int = 10,
) -> Iterator[Iterate]:
    """Paint a picture in the manner of another, or of several.

    Args:
        content: a path, a Pillow picture, or an array (height, width, 3) uint8 RGB; its aspect is kept.
        style: the same; or several, each a picture or a pair of a picture and its weight (only their ratios matter).
        preset: a name in `PRESETS`, for what is not given: "clean", or the report's settings.
        content_weight, style_weights, tv_weight: of the losses; a style weight for each of the network's style layers.
        size: of the result's long side, in pixels. Above `COARSEST` the picture is made at smaller sizes first.
        steps: at the first size; each larger one takes half as many.
        net: a name in `NETWORKS`; its weights are fetched when needed.
        initial: begin from the "content" or from "noise", which takes a larger content weight: 0.03, say.
        seed: of that noise.
        keep_colour: the content keeps its colours: only lightness is painted (Gatys and others, arXiv 1606.05897).
        every: steps between two iterates; the last of each size is one too.

    Returns:
        An iterator that does the work: nothing is computed until it is asked.

    Raises:
        UserError: at once, for arguments that make no sense; later, when the network's weights cannot be had.
    """
    network, settings = settle(net, preset, content_weight, style_weights, tv_weight, steps)
    if initial not in ("content", "noise"):
        raise UserError(f"initial {initial!r} is unknown: choose content or noise")
    if every < 1 or size < 1:
        raise UserError(f"size and every must be at least 1, not {size} and {every}")
    picture = _open(content, "content")
    several = style if isinstance(style, Sequence) and not isinstance(style, str) else [style]
    pairs = [one if isinstance(one, tuple) and len(one) == 2 else (one, 1.0) for one in several]
    if not pairs:
        raise UserError("a style is missing: give at least one picture")
    for _, share in pairs:
        if not (math.isfinite(share) and share > 0):
            raise UserError(f"the weight of a style must be a number above 0, not {share}")
    styles = [(_open(one, "style"), float(share)) for one, share in pairs]
    everything = [picture, *(one for one, _ in styles)]
    for one in everything:
        _check_size(_shape(one, size), one, network)
    # a panorama may be too low for the network at the first of its sizes
    sides = [side for side in scales(size) if all(min(_shape(one, side)) >= network.smallest for one in everything)]
    shapes = [_shape(picture, side) for side in sides]
    if keep_colour:
        styles = [(_as_light_as(one, picture), share) for one, share in styles]
    target = begin = picture.convert("L").convert("RGB") if keep_colour else picture
    if initial == "noise":
        random = np.random.default_rng(seed)
        begin = Image.fromarray(random.integers(0, 256, (shapes[0][1], shapes[0][0], 3), dtype="uint8"))
    iterates = _iterates(network, settings, target, styles, begin, shapes, every)
    return _coloured(iterates, picture) if keep_colour else iterates


def settle(
    net: str,
    preset: str,
    content_weight: float | None = None,
    style_weights: Sequence[float] | None = None,
    tv_weight: float | None = None,
    steps: int | None = None,
) -> tuple[Network, Preset]:
    """The network and the preset of these names, with what is given in place of its values.

    Raises:
        UserError: for an unknown name, a negative weight, a wrong number of style weights, or no steps.
    """
    if net not in NETWORKS:
        raise UserError(f"network {net!r} is unknown: choose one of {', '.join(NETWORKS)}")
    network, presets = NETWORKS[net], PRESETS[net]
    if preset not in presets:
        raise UserError(f"preset {preset!r} is unknown for {net}: choose one of {', '.join(presets)}")
    given: dict[str, Any] = {
        "content_weight": content_weight,
        "tv_weight": tv_weight,
        "style_weights": None if style_weights is None else tuple(map(float, style_weights)),
        "steps": steps,
    }
    chosen = replace(presets[preset], **{name: value for name, value in given.items() if value is not None})
    if len(chosen.style_weights) != len(network.style):
        raise UserError(
            f"{net} has {len(network.style)} style layers ({', '.join(map(str, network.style))}): give as many style "
            f"weights, not {len(chosen.style_weights)}"
        )
    for weight in (chosen.content_weight, chosen.tv_weight, *chosen.style_weights):
        if not (math.isfinite(weight) and weight >= 0):
            raise UserError(f"the weight of a loss must be a number of at least 0, not {weight}")
    if chosen.steps < 1:
        raise UserError(f"steps must be at least 1, not {chosen.steps}")
    return network, chosen


def scales(size: int) -> list[int]:
    """Long sides at which a picture is made, one after the other: halved until `COARSEST` or less. 512: 256, 512."""
    sides = [size]
    while sides[0] > COARSEST:
        sides.insert(0, sides[0] // 2)
    return sides


def frames(iterates: Iterable[Iterate], longest: int = 320) -> list[Image.Image]:
    """The pictures of iterates for an animation: all as large as the last one, its long side `longest` at most."""
    pictures = [Image.fromarray(iterate.picture) for iterate in iterates]
    last = pictures[-1].copy()
    last.thumbnail((longest, longest))
    return [picture.resize(last.size, Image.Resampling.BICUBIC) for picture in pictures]


def stylize_file(
    content: str | Path,
    styles: Sequence[tuple[str | Path, float]],
    out: str | Path,
    *,
    gif: str | Path | None = None,
    log: Callable[[str], None] = print,
    **options: Any,
) -> Path:
    """Paint a file in the manner of others, with a progress bar, and write it.

    Args:
        content, styles, options: see `stylize`.
        out: the PNG to write.
        gif: also write how it came about, to here.
        log: called with a line about what was written.

    Returns:
        `out`.

    Raises:
        UserError: as for `stylize`; at once, when a file cannot be written or is one of the pictures.
        KeyboardInterrupt: after Ctrl-C, once what was there by then is written.
    """
    for place, option in ((out, "--out"), (gif, "--gif")):
        if not place:
            continue
        check_place(Path(place), option)
        for path in (content, *(style for style, _ in styles)):
            if Path(place).exists() and Path(path).exists() and Path(place).samefile(path):
                raise UserError(f"the result would take the place of {path}: give another {option}")
    if gif:  # frames are kept, and forty show as much as thousands
        options["every"] = max(10, (options.get("steps") or 0) // 40)
    seen: list[Iterate] = []
    stopped = False
    with tqdm(unit=" steps", disable=None, leave=False) as bar:
        try:
            for iterate in stylize(content, styles, **options):
                seen = [*seen, iterate] if gif else [iterate]
                bar.total = iterate.steps
                losses = {name: f"{iterate.losses[name]:.3g}" for name in ("loss", "content", "tv")}
                bar.set_postfix(losses, refresh=False)
                bar.update(iterate.step - bar.n)
        except KeyboardInterrupt:
            stopped = True
    if not seen:
        raise KeyboardInterrupt("stopped before there was anything to write")
    wrote = f"wrote {data.save_png(Image.fromarray(seen[-1].picture), out)}"
    if gif:
        wrote += f" and {figures.gif(frames(seen), gif)}"
    if stopped:
        raise KeyboardInterrupt(f"stopped after {seen[-1].step} of {seen[-1].steps} steps: {wrote}")
    log(wrote)
    return Path(out)


# --- the pictures -------------------------------------------------------------------------------------


def _open(picture: Picture, role: str) -> Image.Image:
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3:
            raise UserError(f"the {role} must be (height, width, 3) uint8, not {picture.shape} {picture.dtype}")
        picture = Image.fromarray(picture)
    if not isinstance(picture, str | os.PathLike | Image.Image):
        raise UserError(f"the {role} must be a path, a Pillow picture or an array, not {type(picture).__name__}")
    name = "" if isinstance(picture, Image.Image) else f" {os.fspath(picture)}"
    image = picture.convert("RGB") if isinstance(picture, Image.Image) else data.picture(picture)
    if min(image.size) < SMALLEST:
        raise UserError(
            f"the {role}{name} has {image.width} x {image.height} pixels: it takes at least {SMALLEST} each way"
        )
    return image


def _shape(picture: Image.Image, side: int) -> tuple[int, int]:
    """Width and height with a long side of this many pixels."""
    factor = side / max(picture.size)
    width, height = (max(1, round(length * factor)) for length in picture.size)
    return width, height


def _check_size(shape: tuple[int, int], picture: Image.Image, network: Network) -> None:
    if min(shape) < network.smallest:
        raise UserError(
            f"a picture of {picture.width} x {picture.height} pixels becomes {shape[0]} x {shape[1]}, and the network "
            f"needs {network.smallest} each way: choose a larger size, or crop it"
        )


def _resized(picture: Image.Image, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC))


def _as_light_as(style: Image.Image, content: Image.Image) -> Image.Image:
    """A style in grey, with the mean and the spread of the content's lightness."""
    light, aim = (np.asarray(picture.convert("L"), "float32") for picture in (style, content))
    light = (light - light.mean()) * (aim.std() / max(light.std(), 1.0)) + aim.mean()
    return Image.fromarray(data.to_uint8(light, 0, 255)).convert("RGB")


def _coloured(iterates: Iterator[Iterate], content: Image.Image) -> Iterator[Iterate]:
    """The same iterates with the content's colours."""
    for iterate in iterates:
        light = Image.fromarray(iterate.picture).convert("L")
        _, blue, red = content.resize(light.size, Image.Resampling.BICUBIC).convert("YCbCr").split()
        yield iterate._replace(picture=np.asarray(Image.merge("YCbCr", (light, blue, red)).convert("RGB")))


# --- the work -----------------------------------------------------------------------------------------

_idle: dict = {}  # (network, moving, width, height) -> a compiled model that nobody uses just now


def _iterates(
    network: Network,
    settings: Preset,
    content: Image.Image,
    styles: list[tuple[Image.Image, float]],
    picture: Image.Image,
    shapes: list[tuple[int, int]],
    every: int,
) -> Iterator[Iterate]:
    counts = [settings.steps, *[max(1, settings.steps // 2)] * (len(shapes) - 1)]
    done = 0
    for size, count in zip(shapes, counts, strict=True):
        key = (repr(network), settings.moving, *size)
        model = _idle.pop(key, None) or _model(network, size, settings.moving)
        try:
            model.aim(
                _resized(content, size),
                [(_resized(style, _shape(style, max(size))), share) for style, share in styles],
            )
            model.start(_resized(picture, size))
            weights = _weights(settings, model, size[0] * size[1])
            rates = {0: settings.rates[0]} | {math.ceil(settings.turn * count): settings.rates[1]}
            for step in range(count):
                if step in rates:
                    model.set_rate(rates[step])
                place = model.places[step % len(model.places)]
                logs = model.train_on_batch(np.concatenate([weights, place], dtype="float32"), return_dict=True)
                if (done + step + 1) % every == 0 or step == count - 1:
                    shown = model.shown()
                    losses = {name: float(value) for name, value in logs.items()}
                    yield Iterate(done + step + 1, sum(counts), losses, shown)
        finally:  # also when nobody wants the rest
            _idle[key] = model
            while len(_idle) > KEPT:
                del _idle[next(iter(_idle))]
        picture = Image.fromarray(shown)
        done += count


def _model(network: Network, size: tuple[int, int], moving: bool):
    from artkeras.models.style import StyleTransfer

    features = network.build(layers=(network.content, *network.style))
    return StyleTransfer(features, size[::-1], network.content, network.style, moving=moving)


def _weights(settings: Preset, model, pixels: int) -> np.ndarray:
    """What `StyleTransfer.step` is given: weights of content, total variation, and each style layer."""
    weights = np.array([settings.content_weight, settings.tv_weight, *settings.style_weights], "float32")
    if settings.area is not None:
        weights[1 if settings.relative else slice(2)] *= settings.area / pixels
    if settings.relative:
        weights[[0, *range(2, len(weights))]] /= np.maximum(model.strengths(), 1e-12)
    return weights
