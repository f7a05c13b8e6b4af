"""Style transfer in plain PyTorch, eager, channels last: what the kit's speed is compared with.

The work is that of `artkeras.pretrained.style` with the published preset: the same layers, losses, clipping and
optimizer.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from artkeras.pretrained.style import (  # this module loads no Keras, which PyTorch does not get on with
    NETWORKS,
    PUBLISHED,
)

# as in `artkeras.models.style`
MEAN = np.array([0.485, 0.456, 0.406], "float32")
STD = np.array([0.229, 0.224, 0.225], "float32")
SCALE = 255 * 0.225
LAYERS = (NETWORKS["squeezenet"].content, *NETWORKS["squeezenet"].style)


class Fire(nn.Module):
    """A squeeze, and two expansions side by side."""

    def __init__(self, before: int, squeeze: int, expand: int):
        super().__init__()
        self.squeeze = nn.Conv2d(before, squeeze, 1)
        self.narrow, self.wide = nn.Conv2d(squeeze, expand, 1), nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = self.squeeze(x).relu_()
        return torch.cat([self.narrow(x).relu_(), self.wide(x).relu_()], 1)


class SqueezeNet(nn.Module):
    """`artkeras.networks.squeezenet.features` up to the last layer of `LAYERS`: (n, 3, h, w) -> {layer: features}."""

    def __init__(self):
        super().__init__()
        self.places = nn.ModuleList([
            nn.Conv2d(3, 64, 3, 2), nn.ReLU(),
            nn.MaxPool2d(3, 2), Fire(64, 16, 64), Fire(128, 16, 64),
            nn.MaxPool2d(3, 2), Fire(128, 32, 128), Fire(256, 32, 128),
        ])  # fmt: skip

    def forward(self, x):
        seen = {}
        for place, layer in enumerate(self.places):
            x = layer(x)
            if place in LAYERS:
                seen[place] = x / SCALE
        return seen


def gram(x):
    """(1, c, h, w) -> (c, c)."""
    flat = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])  # a view: channels come last in memory
    return flat.T @ flat / x.numel()


class Transfer:
    """One picture on its way."""

    def __init__(self, network: nn.Module, content: np.ndarray, style: np.ndarray):
        self.network = network
        self.scale, self.mean = (torch.tensor(255 * v).view(1, 3, 1, 1) for v in (STD, MEAN))
        self.low, self.high = -self.mean / self.scale, (255 - self.mean) / self.scale
        self.shift = torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
        self.picture = self.normalise(content).requires_grad_(True)
        with torch.no_grad():
            self.content = self.look(self.picture)[LAYERS[0]]
            seen = self.look(self.normalise(style))
            self.style = {layer: gram(seen[layer]) for layer in LAYERS[1:]}
        self.adam = torch.optim.Adam([self.picture], PUBLISHED.rates[0], eps=1e-7, fused=True)

    def normalise(self, picture: np.ndarray):
        """uint8 RGB to the picture's units."""
        x = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float()
        return ((x - self.mean) / self.scale).contiguous(memory_format=torch.channels_last)

    def look(self, picture):
        """What the network sees."""
        return self.network((picture * self.scale + self.mean).flip(1) - self.shift)

    def terms(self) -> dict:
        """The weighted losses."""
        seen, x = self.look(self.picture), self.picture
        found = {
            "content": PUBLISHED.content_weight * (seen[LAYERS[0]] - self.content).square().sum(),
            "tv": PUBLISHED.tv_weight
            * ((x[:, :, 1:] - x[:, :, :-1]).square().sum() + (x[..., 1:] - x[..., :-1]).square().sum()),
        }
        for weight, (layer, aim) in zip(PUBLISHED.style_weights, self.style.items(), strict=True):
            found[f"style_{layer}"] = weight * (gram(seen[layer]) - aim).square().sum()
        return found

    def step(self) -> None:
        """Move the picture once."""
        self.adam.zero_grad(set_to_none=True)
        sum(self.terms().values()).backward()
        self.adam.step()
        with torch.no_grad():
            self.picture.copy_(torch.maximum(torch.minimum(self.picture, self.high), self.low))

    def shown(self) -> np.ndarray:
        """The picture as uint8 RGB."""
        x = (self.picture.detach() * self.scale + self.mean)[0].permute(1, 2, 0)
        return x.round().clamp(0, 255).to(torch.uint8).numpy()


def network() -> nn.Module:
    """SqueezeNet with random weights, frozen, channels last."""
    torch.manual_seed(0)
    return SqueezeNet().requires_grad_(False).to(memory_format=torch.channels_last)


def transfers(content: np.ndarray, style: np.ndarray, steps: int) -> Iterator[np.ndarray]:
    """One picture after another."""
    judge = network()
    while True:
        transfer = Transfer(judge, content, style)
        for step in range(steps):
            if step == int(PUBLISHED.turn * steps):
                transfer.adam.param_groups[0]["lr"] = PUBLISHED.rates[1]
            transfer.step()
        yield transfer.shown()
