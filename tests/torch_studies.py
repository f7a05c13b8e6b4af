"""Studies 3 and 4 in plain PyTorch, with nothing of the kit in it: what `test_parity.py` holds ours against.

As a script, in a process of its own (PyTorch and TensorFlow in one do not get on), it trains from given numbers:

python torch_studies.py FOLDER    reads given.npz there, writes theirs.npz

Study 4 is the DCGAN tutorial of PyTorch's documentation with the study's values. Of study 3 the networks, the loss and
the optimizer are published, but not how the players take turns; it is trained by the tutorial's step too.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

SLOPE = 0.2


def generator(latent_dim: int, filters: list[int], *, bias: bool) -> nn.Sequential:
    """Latents (n, latent_dim, 1, 1) to pictures (n, 3, side, side) in [-1, 1], side being 4 * 2 ** len(filters)."""
    layers = [nn.ConvTranspose2d(latent_dim, filters[0], 4, 1, 0, bias=bias), nn.BatchNorm2d(filters[0]), nn.ReLU()]
    for before, after in zip(filters, filters[1:]):
        layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=bias), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(filters[-1], 3, 4, 2, 1, bias=bias), nn.Tanh())


def discriminator(filters: list[int], *, bias: bool, head: list[nn.Module]) -> nn.Sequential:
    """Pictures to what the head, which gets them 4 x 4 pixels large, makes of them."""
    layers = [nn.Conv2d(3, filters[0], 4, 2, 1, bias=bias), nn.LeakyReLU(SLOPE)]
    for before, after in zip(filters, filters[1:]):
        layers += [nn.Conv2d(before, after, 4, 2, 1, bias=bias), nn.BatchNorm2d(after), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers, *head)


def study_3(latent_dim: int, width: int, doublings: int) -> tuple[nn.Sequential, nn.Sequential]:
    """The networks after InfoGAN, with PyTorch's default weights and raw scores."""
    filters = [width * 2**k for k in range(doublings)]
    head = [nn.Flatten(), nn.Linear(16 * filters[-1], 1)]
    return generator(latent_dim, filters[::-1], bias=True), discriminator(filters, bias=True, head=head)


def study_4(latent_dim: int, width: int, doublings: int) -> tuple[nn.Sequential, nn.Sequential]:
    """The tutorial's networks and initial weights."""
    filters = [width * 2**k for k in range(doublings)]
    head = [nn.Conv2d(filters[-1], 1, 4, 1, 0, bias=False), nn.Sigmoid()]
    g, d = generator(latent_dim, filters[::-1], bias=False), discriminator(filters, bias=False, head=head)
    for module in [*g, *d]:
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
    return g, d


# recipe: networks, loss, learning rate
STUDIES = {
    "abstract/lsgan": (study_3, nn.MSELoss(), 2e-4),
    "abstract/infogan_bce": (study_3, nn.BCEWithLogitsLoss(), 2e-4),
    "japanese_art/v1": (study_4, nn.BCELoss(), 5e-4),
}


class Trainer:
    """Takes turns as the tutorial does: the fakes are made once, and both players get the same ones."""

    def __init__(self, g: nn.Module, d: nn.Module, criterion: nn.Module, learning_rate: float):
        self.g, self.d, self.criterion = g, d, criterion
        self.g_optimizer = torch.optim.Adam(g.parameters(), lr=learning_rate, betas=(0.5, 0.999))
        self.d_optimizer = torch.optim.Adam(d.parameters(), lr=learning_rate, betas=(0.5, 0.999))

    def judge(self, pictures: torch.Tensor, label: float) -> torch.Tensor:
        """The discriminator's loss on pictures that are all real (1) or all fake (0)."""
        scores = self.d(pictures).flatten()
        return self.criterion(scores, torch.full_like(scores, label))

    def step(self, real: torch.Tensor, latents: torch.Tensor) -> dict[str, float]:
        """One turn of each; gives their losses."""
        self.d_optimizer.zero_grad()
        on_real = self.judge(real, 1.0)
        on_real.backward()
        fake = self.g(latents)
        on_fake = self.judge(fake.detach(), 0.0)
        on_fake.backward()
        self.d_optimizer.step()

        self.g_optimizer.zero_grad()
        fooled = self.judge(fake, 1.0)
        fooled.backward()
        self.g_optimizer.step()
        return {"d_loss": (on_real + on_fake).item(), "g_loss": fooled.item()}


def train(name: str, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Train one study from given numbers.

    Args:
        name: one of STUDIES.
        given: "shape" (latent_dim, width, doublings); "pictures" (steps, n, side, side, 3) uint8; "latents" (steps, n,
            latent_dim); and "g/0", "g/1", ..., "d/0", ...: the networks' parameters in PyTorch's order and layout.

    Returns:
        "d_loss" and "g_loss" (steps,); "g/NAME", "d/NAME": parameters and statistics after; "start/g/0", ...: standard
        deviations of the parameters as PyTorch itself had drawn them.
    """
    build, criterion, learning_rate = STUDIES[name]
    torch.manual_seed(0)
    networks = dict(zip("gd", build(*given["shape"].tolist())))
    theirs = {}
    for key, network in networks.items():
        for number, parameter in enumerate(network.parameters()):
            theirs[f"start/{key}/{number}"] = parameter.detach().numpy().std()
            values = torch.from_numpy(given[f"{key}/{number}"])
            assert values.shape == parameter.shape
            parameter.data = values
    trainer = Trainer(*networks.values(), criterion, learning_rate)
    losses = []
    for pictures, latents in zip(given["pictures"], given["latents"]):
        real = torch.from_numpy((pictures.astype("float32") / 127.5 - 1).transpose(0, 3, 1, 2).copy())
        losses.append(trainer.step(real, torch.from_numpy(latents)[:, :, None, None]))
    theirs |= {key: np.array([step[key] for step in losses]) for key in losses[0]}
    for key, network in networks.items():
        theirs |= {f"{key}/{path}": value.numpy() for path, value in network.state_dict().items()}
    return theirs


def main(folder: Path) -> None:
    """Train every study there are numbers for."""
    with np.load(folder / "given.npz") as file:
        given = {name: {} for name in STUDIES}
        for key in file.files:
            name, _, rest = key.partition(" ")
            given[name][rest] = file[key]
    theirs = {name: train(name, numbers) for name, numbers in given.items()}
    np.savez(folder / "theirs.npz", **{f"{name} {key}": v for name in theirs for key, v in theirs[name].items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
