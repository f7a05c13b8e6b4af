"""`python -m artkeras upscale`: pictures four times as large."""

from __future__ import annotations

import argparse

from artkeras.cli.arguments import whole
from artkeras.cli.console import say
from artkeras.cli.options import Commands, command


def add(commands: Commands) -> None:
    """Add the command."""
    upscale = command(commands, "upscale", run, "enlarge pictures four times by a pretrained network")
    upscale.add_argument("pictures", nargs="+", metavar="PICTURE", help="files, or folders of them")
    upscale.add_argument("--out", required=True, metavar="DIR", help="folder for the PNG files; none is overwritten")
    upscale.add_argument(
        "--model", default="auto", metavar="NAME|PATH",
        help="esrgan-tf2, thick, slim, realesrgan-x4plus, realesrgan-animevideov3, bicubic, or a model's path "
        "(default: the first available one of the study's own esrgan-tf2, thick, realesrgan-x4plus, bicubic)",
    )  # fmt: skip
    upscale.add_argument(
        "--tile", type=whole(64), metavar="N",
        help="side of the pieces that large pictures are cut into (default: 256; 512 for realesrgan-x4plus)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> None:
    """Upscale."""
    from artkeras.pretrained.upscale import upscale_files

    upscale_files(arguments.pictures, arguments.out, arguments.model, tile=arguments.tile, log=say)
