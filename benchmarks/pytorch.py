"""Model 1 and its step in plain PyTorch, eager, channels last: what the kit's speed is compared with.

It is given what makes PyTorch fast without rewriting a program: channels last, autocast, the fused Adam.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import torch
from torch import nn

from benchmarks.variant import PICTURES, Part, Size, Weights, random_pictures, step_work

LATENT_DIM = 100


class Generator(nn.Module):
    """`artkeras.networks.colour_field.generator` without batch normalisation: (n, 100) -> (n, 3, size, size)."""

    def __init__(self, size: int, width: int):
        super().__init__()
        self.width = width
        self.project = nn.Sequential(nn.Linear(LATENT_DIM, 4 * 4 * 2 * width), nn.LeakyReLU(0.2))
        blocks, channels, side = [], 2 * width, 4
        while side < size:
            blocks += [nn.ConvTranspose2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            channels, side = width, 2 * side
        self.paint = nn.Sequential(*blocks, nn.Conv2d(width, 3, 3, padding=1), nn.Tanh())

    def forward(self, latents):
        x = self.project(latents).reshape(-1, 4, 4, 2 * self.width)
        return self.paint(x.permute(0, 3, 1, 2))  # seen as (n, channels, 4, 4), laid out channels last


class Discriminator(nn.Module):
    """`artkeras.networks.colour_field.discriminator` without batch normalisation: (n, 3, size, size) -> logits (n, 1).

    A strided convolution pads both sides here and the far side only in TensorFlow: the same work, a mirrored network.
    """

    def __init__(self, size: int, width: int):
        super().__init__()
        blocks, channels = [], 3
        for filters, stride in ((width, 1), (2 * width, 2), (2 * width, 2), (4 * width, 2)):
            blocks += [nn.Conv2d(channels, filters, 3, stride=stride, padding=1), nn.LeakyReLU(0.2)]
            channels = filters
        self.look = nn.Sequential(*blocks)
        self.score = nn.Sequential(nn.Dropout(0.4), nn.Linear((size // 8) ** 2 * 4 * width, 1))

    def forward(self, pictures):
        return self.score(self.look(pictures).permute(0, 2, 3, 1).flatten(1))  # flattened as it lies in memory


def multiply_adds(network: nn.Module, x: torch.Tensor) -> int:
    """Multiplications with addition of `x`'s way through a network, counted by watching it."""
    total = 0

    def count(layer, inputs, output):
        nonlocal total
        grid = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        total += layer.weight.numel() * math.prod(grid.shape[2:])  # 1 for a dense layer

    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.no_grad():
        network(x)
    for hook in hooks:
        hook.remove()
    return total


class PyTorch:
    """The step of `artkeras.models.gan.CombinedGAN`: D on half a batch of real, on half a batch of fakes, then G."""

    def __init__(self, size: Size, precision: str):
        torch.manual_seed(0)
        self.size, self.precision = size, precision
        self.pictures, self.random = random_pictures(size), np.random.default_rng(1)
        self.generator = Generator(size.size, size.width).to(memory_format=torch.channels_last)
        self.discriminator = Discriminator(size.size, size.width).to(memory_format=torch.channels_last)
        settings = {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-7, "fused": True}
        self.g_adam = torch.optim.Adam(self.generator.parameters(), **settings)
        self.d_adam = torch.optim.Adam(self.discriminator.parameters(), **settings)
        picture = torch.zeros(1, 3, size.size, size.size)
        through = multiply_adds(self.generator, torch.zeros(1, LATENT_DIM)), multiply_adds(self.discriminator, picture)
        self.work = size.batch * step_work(*through)

    def _autocast(self):
        return torch.autocast("cpu", dtype=torch.bfloat16) if self.precision == "bfloat16" else nullcontext()

    def _loss(self, scores, label: float):
        return nn.functional.binary_cross_entropy_with_logits(scores.float(), torch.full_like(scores.float(), label))

    def _judge(self, pictures, label: float):
        with self._autocast():
            return self._loss(self.discriminator(pictures), label)

    def _move(self, adam, loss) -> None:
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()

    def train_discriminator(self) -> None:
        """Half a batch of real pictures, half a batch of fakes."""
        half = self.size.batch // 2
        chosen = torch.from_numpy(self.pictures[self.random.integers(PICTURES, size=half)])
        real = chosen.permute(0, 3, 1, 2).float() / 127.5 - 1  # channels last as it lies
        self._move(self.d_adam, self._judge(real, 1.0))
        with torch.no_grad(), self._autocast():
            fake = self.generator(torch.randn(half, LATENT_DIM))
        self._move(self.d_adam, self._judge(fake, 0.0))

    def train_generator(self) -> None:
        """A whole batch of latents through G and the frozen D, labelled as real."""
        self.discriminator.requires_grad_(False)
        with self._autocast():
            fake = self.generator(torch.randn(self.size.batch, LATENT_DIM))
        self._move(self.g_adam, self._judge(fake, 1.0))
        self.discriminator.requires_grad_(True)

    def step(self) -> None:
        self.train_discriminator()
        self.train_generator()

    def weights(self) -> Weights:
        networks = {"generator": self.generator, "discriminator": self.discriminator}
        return {name: [p.detach().numpy().copy() for p in n.parameters()] for name, n in networks.items()}

    def parts(self) -> Iterator[Part]:
        yield "the discriminator's own step", self.train_discriminator, {"discriminator"}
        yield "the generator's step", self.train_generator, {"generator"}


def matrix_rate(precision: str, side: int) -> float:
    """`artkeras.training.plan.matrix_rate` in PyTorch."""
    a = torch.randn(side, side, dtype=getattr(torch, precision))
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        float((a @ a)[0, 0])
        taken.append(time.perf_counter() - start)
    return side**3 / min(taken)
