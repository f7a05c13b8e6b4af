"""`python -m artkeras stylize`: neural style transfer."""

from __future__ import annotations

import argparse

from artkeras.cli.arguments import file, number, several, weighted, whole
from artkeras.cli.console import say
from artkeras.cli.options import Commands, command

_weight = number(lambda value: 0 <= value < float("inf"), "a number of at least 0")


def add(commands: Commands) -> None:
    """Add the command."""
    stylize = command(commands, "stylize", run, "paint a picture in the style of others")
    stylize.add_argument("content", metavar="CONTENT", help="the picture")
    stylize.add_argument(
        "styles", nargs="+", type=weighted, metavar="STYLE[:WEIGHT]", help="a picture whose style to use, or several"
    )
    stylize.add_argument("--out", type=file(".png"), default="styled.png", metavar="PNG", help="(default: styled.png)")
    stylize.add_argument(
        "--preset", choices=("published", "published-0-1", "clean"), default="clean",
        help="study 5e's settings, in either reading of its units, or better-looking ones (default: clean)",
    )  # fmt: skip
    stylize.add_argument("--content-weight", type=_weight, metavar="W", help="of the content loss")
    stylize.add_argument("--style-weights", type=several(_weight), metavar="W,W,...", help="of each layer's style loss")
    stylize.add_argument("--tv-weight", type=_weight, metavar="W", help="of the total variation: smoothness")
    stylize.add_argument(
        "--size", type=whole(1, 4096), default=256, metavar="N", help="long side in pixels (default: 256)"
    )
    stylize.add_argument("--steps", type=whole(1), metavar="N", help="at the first size; half as many at larger ones")
    stylize.add_argument(
        "--net", choices=("squeezenet", "vgg19"), default="squeezenet", help="feature extractor (default: squeezenet)"
    )
    stylize.add_argument(
        "--initial", choices=("content", "noise"), default="content",
        help="what to begin from; noise takes a larger content weight",
    )  # fmt: skip
    stylize.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of the noise (default: 0)")
    stylize.add_argument("--keep-colour", action="store_true", help="change lightness only: colours stay")
    stylize.add_argument("--gif", type=file(".gif"), metavar="GIF", help="also write its course as an animation")


def run(arguments: argparse.Namespace) -> None:
    """Stylize."""
    from artkeras.pretrained.style import stylize_file

    names = (
        "preset", "content_weight", "style_weights", "tv_weight", "size", "steps", "net", "initial", "seed",
        "keep_colour", "gif",
    )  # fmt: skip
    options = {name: getattr(arguments, name) for name in names}
    stylize_file(arguments.content, arguments.styles, arguments.out, log=say, **options)
