"""Studies 3 and 4 in plain PyTorch, with nothing of the kit in it: what `test_parity.py` holds ours against.

As a script, in a process of its own (PyTorch and TensorFlow in one do not get on), it trains from given numbers:

python torch_studies.py FOLDER    reads given.npz there, writes theirs.npz

Study 4 is the DCGAN tutorial of PyTorch's documentation with the study's values. Of study 3 the networks, the loss and
the optimizer are published, but not how the players take turns; it is trained by the tutorial's step too.
"""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn

SLOPE = 0.2
ROUNDING, DRAWS = 3e-7, 4  # a change of a few units in the last place of float32, made so many times


def generator(latent_dim: int, filters: list[int], *, bias: bool) -> nn.Sequential:
    """Latents (n, latent_dim, 1, 1) to pictures (n, 3, side, side) in [-1, 1], side being 4 * 2 ** len(filters)."""
    layers = [nn.ConvTranspose2d(latent_dim, filters[0], 4, 1, 0, bias=bias), nn.BatchNorm2d(filters[0]), nn.ReLU()]
    for before, after in pairwise(filters):
        layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=bias), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(filters[-1], 3, 4, 2, 1, bias=bias), nn.Tanh())


def discriminator(filters: list[int], *, bias: bool, head: list[nn.Module]) -> nn.Sequential:
    """Pictures to what the head, which gets them 4 x 4 pixels large, makes of them."""
    layers = [nn.Conv2d(3, filters[0], 4, 2, 1, bias=bias), nn.LeakyReLU(SLOPE)]
    for before, after in pairwise(filters):
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
    "japanese_art/v1": (study_4, nn.BCELoss(), 5e-4),
}


class Trainer:
    """Takes turns as the tutorial does: the fakes are made once, and both players get the same ones."""

    def __init__(self, name: str, shape: np.ndarray):
        build, self.criterion, learning_rate = STUDIES[name]
        torch.manual_seed(0)
        self.g, self.d = build(*shape.tolist())  # latent_dim, width, doublings
        self.players = {"g": self.g, "d": self.d}
        self.optimizers = {
            key: torch.optim.Adam(player.parameters(), lr=learning_rate, betas=(0.5, 0.999))
            for key, player in self.players.items()
        }

    def judge(self, pictures: torch.Tensor, label: float) -> torch.Tensor:
        """The discriminator's loss on pictures that are all real (1) or all fake (0)."""
        scores = self.d(pictures).flatten()
        return self.criterion(scores, torch.full_like(scores, label))

    def step(self, pictures: np.ndarray, latents: np.ndarray) -> list[float]:
        """One turn of each on (n, side, side, 3) uint8 and (n, latent_dim); gives the losses of d and g."""
        real = torch.from_numpy((pictures.astype("float32") / 127.5 - 1).transpose(0, 3, 1, 2).copy())
        self.optimizers["d"].zero_grad()
        on_real = self.judge(real, 1.0)
        on_real.backward()
        fake = self.g(torch.from_numpy(latents)[:, :, None, None])
        on_fake = self.judge(fake.detach(), 0.0)
        on_fake.backward()
        self.optimizers["d"].step()

        self.optimizers["g"].zero_grad()
        fooled = self.judge(fake, 1.0)
        fooled.backward()
        self.optimizers["g"].step()
        return [(on_real + on_fake).item(), fooled.item()]

    def put(self, state: dict[str, np.ndarray], steps: int) -> None:
        """Go on from a state, see `train`, after so many steps."""
        for key, player in self.players.items():
            slots = self.optimizers[key].state
            for i, parameter in enumerate(player.parameters()):
                parameter.data = torch.from_numpy(state[f"{key}/{i}"].copy())
                moments = {"exp_avg": f"{key}/{i} first", "exp_avg_sq": f"{key}/{i} second"}
                slots[parameter] = {name: torch.from_numpy(state[of].copy()) for name, of in moments.items()}
                slots[parameter]["step"] = torch.tensor(float(steps))
            for i, norm in enumerate(module for module in player if isinstance(module, nn.BatchNorm2d)):
                norm.running_mean.copy_(torch.from_numpy(state[f"{key}/norm {i} mean"]))
                norm.running_var.copy_(torch.from_numpy(state[f"{key}/norm {i} variance"]))

    def state(self) -> dict[str, np.ndarray]:
        """Parameters and batch-norm statistics, named as in `train`."""
        found = {}
        for key, player in self.players.items():
            found |= {f"{key}/{i}": p.detach().numpy().copy() for i, p in enumerate(player.parameters())}
            for i, norm in enumerate(module for module in player if isinstance(module, nn.BatchNorm2d)):
                found[f"{key}/norm {i} mean"] = norm.running_mean.numpy().copy()
                found[f"{key}/norm {i} variance"] = norm.running_var.numpy().copy()
        return found


def train(name: str, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Train one study from given numbers.

    Args:
        name: one of STUDIES.
        given: "shape" (latent_dim, width, doublings); "pictures" (steps, n, side, side, 3) uint8; "latents" (steps, n,
            latent_dim); and, with the steps as first axis, the states before each step: "g/0", "g/1", ..., "d/0", ...
            are the parameters in PyTorch's order and layout, "g/0 first", "g/0 second" their moments in Adam, "g/norm
            0 mean" and "g/norm 0 variance" the statistics of the first batch normalisation.

    Returns:
        "start g/0", ...: standard deviations of the parameters as PyTorch itself draws them;
        "one by one" (steps, 2): losses of d and g, each step taken from the state given for it; and with the steps as
        first axis the states after each of them;
        "in a row" (1 + DRAWS, steps, 2): the losses of all steps from the first state on; then the same from initial
        weights that differ by rounding, as often as DRAWS says.
    """
    trainer, batches = Trainer(name, given["shape"]), list(zip(given["pictures"], given["latents"]))
    theirs = {f"start {key}": values.std() for key, values in trainer.state().items()}
    states = [{key: given[key][i] for key in given if key[:2] in ("g/", "d/")} for i in range(len(batches))]
    losses, after = [], []
    for steps, batch in enumerate(batches):
        trainer.put(states[steps], steps)
        losses.append(trainer.step(*batch))
        after.append(trainer.state())
    theirs["one by one"] = np.array(losses)
    theirs |= {key: np.stack([state[key] for state in after]) for key in after[0]}
    rows = []
    for draw in range(1 + DRAWS):
        random, start = np.random.default_rng(draw), dict(states[0])
        for key in start if draw else ():
            start[key] = (start[key] * (1 + ROUNDING * random.normal(size=start[key].shape))).astype("float32")
        trainer.put(start, 0)
        rows.append([trainer.step(*batch) for batch in batches])
    theirs["in a row"] = np.array(rows)
    return theirs


def main(folder: Path) -> None:
    """Train every study there are numbers for."""
    given = {name: {} for name in STUDIES}
    with np.load(folder / "given.npz") as file:
        for key in file.files:
            name, _, rest = key.partition(" ")
            given[name][rest] = file[key]
    theirs = {name: train(name, numbers) for name, numbers in given.items()}
    np.savez(folder / "theirs.npz", **{f"{name} {key}": v for name in theirs for key, v in theirs[name].items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
