"""`python -m artkeras sample` and `walk`: new images of a trained generator."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import artkeras
from artkeras.cli.arguments import file, whole
from artkeras.cli.console import say
from artkeras.cli.options import RESULT, Commands, add_trust, add_weights, command
from artkeras.errors import UserError

if TYPE_CHECKING:
    from artkeras.tasks.sampling import Trained


def add(commands: Commands) -> None:
    """Add both commands."""
    sample = command(commands, "sample", run, "generate new images, as one grid")
    walk = command(commands, "walk", run_walk, "generate a walk through latent space, as an animation")
    for added in (sample, walk):
        added.add_argument("what", metavar="RUN_OR_RECIPE", help=RESULT)
        added.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of the latents (default: 0)")
        added.add_argument("--scale", type=whole(1, 64), default=2, metavar="N", help="enlargement (default: 2)")
        added.add_argument("--steps", type=whole(1, 1000), metavar="N", help="of a flow's sampler (default: 16)")
        add_weights(added)
        add_trust(added)
    sample.add_argument("--count", type=whole(1, 10_000), default=49, metavar="N", help="images (default: 49)")
    sample.add_argument("--out", type=file(".png"), default="grid.png", metavar="PNG", help="(default: grid.png)")
    walk.add_argument("--frames", type=whole(5, 10_000), default=60, metavar="N", help="(default: 60)")
    walk.add_argument("--out", type=file(".gif"), default="walk.gif", metavar="GIF", help="(default: walk.gif)")


def _opened(arguments: argparse.Namespace) -> Trained:
    sampler = artkeras.load(arguments.what, arguments.weights)
    if arguments.steps:
        if sampler.steps is None:
            raise UserError(f"{sampler.recipe.name} makes an image in one pass: leave out --steps")
        sampler.steps = arguments.steps
    return sampler


def run(arguments: argparse.Namespace) -> None:
    """Write a grid of samples."""
    from artkeras.reporting import figures

    sampler = _opened(arguments)
    images = sampler.sample(arguments.count, arguments.seed)
    figure = figures.grid(images, scale=arguments.scale, caption=sampler.caption)
    say(f"wrote {figures.save(figure, arguments.out)}")


def run_walk(arguments: argparse.Namespace) -> None:
    """Write a latent walk."""
    from artkeras.reporting import figures

    sampler = _opened(arguments)
    frames = sampler.walk(arguments.frames, seed=arguments.seed)
    images = [figures.grid(frame[None], scale=arguments.scale, gap=0) for frame in frames]
    say(f"wrote {figures.gif(images, arguments.out, milliseconds=80)}")
