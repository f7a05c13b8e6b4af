"""Trained autoencoders, opened for use: pictures to latents and back, and what lies between latents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from artkeras import data, metrics
from artkeras.errors import UserError
from artkeras.recipes import Recipe
from artkeras.reporting import figures
from artkeras.tasks.sampling import BATCH, Sampler, Trained
from artkeras.training.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WALKS = "walks between random latents"  # a panel of two rows


class Reconstructor(Sampler):
    """A trained autoencoder, plain or variational; its decoder is a sampler's generator.

    Attributes:
        encoder, decoder: the Keras models, see `artkeras.networks.autoencoder`.
        gaussian: whether latents are drawn from N(0, 1), as a VAE's are, or evenly from [0, 1].
    """

    origin = "random latents"
    shown = "Under each part stands what it shows; nothing was chosen."
    nearest = "unseen paintings came back with the smallest error"

    def __init__(self, recipe: Recipe, networks: Mapping[str, Any], caption: str):
        Trained.__init__(self, recipe, {name: networks[name] for name in ("encoder", "decoder")}, caption)
        self.encoder, self.decoder = self.networks["encoder"], self.networks["decoder"]
        self.generator = self.decoder
        self.gaussian = len(self.encoder.outputs) == 2

    # --- there and back -----------------------------------------------------------------------------

    def encode(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures as latents, without dropout or noise: (n, size, size, 3) uint8 RGB -> (n, latent_dim) float32.

        Raises:
            UserError: for pictures of another shape or kind.
        """
        from keras import ops

        pictures, size = np.asarray(pictures), self.recipe.size
        if pictures.dtype != np.uint8 or pictures.shape[1:] != (size, size, 3) or not len(pictures):
            raise UserError(
                f"{self.recipe.name} encodes pictures of shape (n, {size}, {size}, 3) in uint8, not {pictures.shape} "
                f"in {pictures.dtype}: read them with artkeras.data.read(folder, {size})"
            )
        if self.recipe.channels == "bgr":
            pictures = pictures[..., ::-1]
        batches = []
        for start in range(0, len(pictures), BATCH):
            batch = data.to_float(pictures[start : start + BATCH], *self.recipe.pixel_range)
            found = self.encoder(ops.convert_to_tensor(batch), training=False)
            batches.append(ops.convert_to_numpy(found[0] if self.gaussian else found))  # a VAE's means
        return np.concatenate(batches)

    def reconstruct(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures through the bottleneck: (n, size, size, 3) uint8 RGB, and the same shape back."""
        return self.pictures(self.encode(pictures))

    # --- latents ------------------------------------------------------------------------------------

    def latents(self, count: int, seed: int = 0) -> np.ndarray:
        """`count` random latents: a VAE's from N(0, 1), others evenly from [0, 1], where a sigmoid puts them.

        The same for the same seed: (count, latent_dim) float32.
        """
        if self.gaussian:
            return super().latents(count, seed)
        if count < 1:
            raise UserError(f"cannot draw {count} pictures: ask for at least 1")
        return np.random.default_rng(seed).uniform(size=(count, self.decoder.input_shape[-1])).astype("float32")

    def way(self, start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
        """As `Sampler.way`; in the cube of a plain autoencoder, straight."""
        return super().way(start, end, share) if self.gaussian else _straight(start, end, share)

    def between(self, first: np.ndarray, second: np.ndarray, frames: int = 9) -> np.ndarray:
        """A walk from one picture to another: two of (size, size, 3) uint8 RGB -> (frames, size, size, 3).

        Along a straight line: the latents of a picture do not lie on a sphere, as random ones nearly do.
        """
        start, end = self.encode(np.stack([first, second]))
        return self.pictures(np.stack([_straight(start, end, share) for share in np.linspace(0, 1, frames)]))

    def slice(self, pictures: np.ndarray, side: int = 7, reach: float = 2.0) -> np.ndarray:
        """A flat slice of latent space, decoded: (side * side, size, size, 3) uint8 RGB, row by row.

        The plane lies through the mean of the pictures' latents, along the two directions in which these differ most
        (their first two principal components), from `-reach` to `reach` standard deviations.

        Args:
            pictures: (n, size, size, 3) uint8 RGB, at least 3.
            side: pictures in a row and in a column.
            reach: how far, in standard deviations.
        """
        if len(pictures) < 3:
            raise UserError(f"a plane needs at least 3 pictures, not {len(pictures)}")
        latents = self.encode(pictures)
        mean = latents.mean(0)
        _, lengths, directions = np.linalg.svd(latents - mean, full_matrices=False)
        across, down = (directions[:2] * lengths[:2, None] / np.sqrt(len(latents))).astype("float32")
        steps = np.linspace(-reach, reach, side, dtype="float32")
        places = np.stack([mean + x * across + y * down for y in steps for x in steps])
        return self.pictures(places if self.gaussian else np.clip(places, 0, 1))

    # --- looking ------------------------------------------------------------------------------------

    def beside(self, pictures: np.ndarray, columns: int = 7, *, scale: int = 1, caption: str = "") -> Image.Image:
        """Pictures in rows, under each row its reconstructions."""
        return figures.grid(self._rows(pictures, columns), columns, scale=scale, caption=caption)

    def _rows(self, pictures: np.ndarray, columns: int) -> np.ndarray:
        """Rows of so many pictures, each followed by that of its reconstructions; white where there is none."""
        back, rows = self.reconstruct(pictures), []
        for start in range(0, len(pictures), columns):
            for row in (pictures[start : start + columns], back[start : start + columns]):
                blank = np.full((columns - len(row), *row.shape[1:]), 255, "uint8")
                rows.append(np.concatenate([row, blank]))
        return np.concatenate(rows)

    def _panels(self, count: int, seed: int, examples: np.ndarray | None, real: bool) -> dict[str, np.ndarray]:
        """Random latents decoded, and two walks; before them, where `real` allows it, pictures and reconstructions."""
        columns = int(np.ceil(np.sqrt(count)))
        panels = {}
        if real and examples is not None:
            unseen = "unseen pictures" if self.recipe.holdout else "pictures"
            panels[f"{unseen}, and under each row its reconstructions"] = self._rows(examples[: 2 * columns], columns)
        panels["random latents, decoded"] = self.sample(max(1, columns // 2) * columns, seed)
        ends = self.latents(4, seed + 1)
        shares = np.linspace(0, 1, columns)
        walks = np.stack([self.way(ends[i], ends[i + 1], share) for i in (0, 2) for share in shares])
        return panels | {WALKS: self.pictures(walks)}

    def arrange(self, panels: Mapping[str, np.ndarray], *, scale: int = 1) -> Image.Image:
        """What `panels` gave, one grid under the other."""
        columns = len(panels[WALKS]) // 2
        captions = {heading: heading for heading in panels} | {WALKS: f"{WALKS}; {self.caption}"}
        return figures.stack(
            [
                figures.grid(images, columns, scale=scale, caption=captions[heading])
                for heading, images in panels.items()
            ]
        )


def against_latents(runs: Sequence[Run | str | Path]) -> Figure:
    """Draw the error on unseen paintings against the number of latents, a line a type of autoencoder.

    Dotted, the error of one answer for all of them: the average training painting.

    Args:
        runs: of autoencoders on the same pictures, evaluated during training (`--eval-every`), or their folders. The
            smallest error of each counts.

    Raises:
        UserError: without runs, for one that was not evaluated or is of another task, or where pictures differ.
    """
    from matplotlib import pyplot as plt

    opened = [run if isinstance(run, Run) else Run(run) for run in runs]
    if not opened:
        raise UserError("give at least one run of an autoencoder")
    lines: dict[str, list[tuple[int, float]]] = {}
    for run in opened:
        errors = run.history().get("validation_error", np.array([np.nan]))
        if run.recipe.task != "reconstruction" or not np.isfinite(errors).any():
            raise UserError(f"{run.path} has no error on unseen paintings: train an autoencoder with --eval-every 10")
        latents = run.recipe.networks["decoder"].options["latent_dim"]
        lines.setdefault(run.recipe.model.path.split(":")[1], []).append((latents, float(np.nanmin(errors))))
    if len({(run.environment["pictures"]["fingerprint"], run.recipe.holdout) for run in opened}) != 1:
        raise UserError("give runs of the same pictures: errors on different ones cannot be compared")
    train, held_out = opened[0].pictures()
    unseen, seen = held_out.take(range(len(held_out))), train.originals().take(range(len(train.originals())))
    average = np.repeat(np.rint(seen.mean(0, keepdims=True)).astype("uint8"), len(unseen), 0)
    figure, axis = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for name, points in lines.items():
        axis.plot(*zip(*sorted(points), strict=True), marker="o", label=name)
    axis.axhline(metrics.reconstruction_error(unseen, average).mean(), ls=":", color="0.4", label="average painting")
    ticks = sorted({latents for points in lines.values() for latents, _ in points})
    axis.set_xscale("log", base=2)
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.set(xlabel="latents", ylabel="RMS error on unseen paintings", ylim=(0, None))
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    pictures = "synthetic placeholder" if opened[0].synthetic else f"{len(unseen)} paintings"
    axis.set_title(f"{opened[0].recipe.study}, {pictures}, {opened[0].recipe.scale} scale", fontsize=9, loc="left")
    plt.close(figure)
    return figure


def _straight(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    return (1 - share) * start + share * end
