"""CycleGAN (Zhu et al. 2017, arXiv 1703.10593): two sets of pictures, a translator each way, no pairs.

The numbers are those of the paper and, where it is silent, of its authors' code.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
from keras import ops

from artkeras.engine import StepModel, Tensor, macs, minimize
from artkeras.losses import LEAST_SQUARES, AdversarialLoss
from artkeras.models.translation import absolute, adam, halves

CYCLE = 10.0  # weight of the cycle loss
IDENTITY = 0.5  # of the identity loss, in weights of the cycle
POOL = 50  # past fakes remembered of each domain


class Pool(keras.layers.Layer):
    """Past fakes (Shrivastava et al. 2017): a discriminator sees the one of today or, half of the time, an old one.

    While it fills, fakes pass through and are kept. Then each fake, with probability 1/2, changes places with a past
    one drawn at random. What it holds is state: checkpoints have it, and a resumed training goes on with it.
    """

    def __init__(self, shape: tuple[int, int, int], size: int = POOL, seed: int = 0, **options: Any):
        """An empty pool.

        Args:
            shape: of a picture.
            size: pictures held; no batch may be larger.
            seed: of the choices.
        """
        super().__init__(trainable=False, dtype="float32", **options)
        self.size = size
        self.random = keras.random.SeedGenerator(seed)
        self.kept = self.add_weight(shape=(size, *shape), initializer="zeros", trainable=False, name="kept")
        self.count = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False, name="count")
        self.built = True

    def call(self, fakes):
        """Exchange fakes: (n, height, width, 3) -> pictures of the same shape, today's and past ones."""
        n = ops.shape(fakes)[0]
        full = self.count >= self.size
        # places all different: an order by chance, cut off after n; while filling, one after another
        by_chance = ops.argsort(keras.random.uniform((self.size,), seed=self.random))[:n]
        in_turn = (self.count + ops.arange(n, dtype="int32")) % self.size
        places = ops.where(full, ops.cast(by_chance, "int32"), in_turn)
        past = ops.take(self.kept, places, axis=0)
        exchanged = ops.logical_and(full, keras.random.uniform((n,), seed=self.random) < 0.5)[:, None, None, None]
        stored = ops.where(ops.logical_or(exchanged, ops.logical_not(full)), fakes, past)
        self.kept.assign(ops.scatter_update(self.kept, places[:, None], stored))
        self.count.assign(ops.minimum(self.count + n, self.size))
        return ops.where(exchanged, past, fakes)


class CycleGAN(StepModel):
    """One step: both translators together, then both discriminators on the real pictures and on pooled fakes.

    Logs: `g_loss`, what the generators' adversarial loss; `cycle_loss` and `identity_loss`, mean
    absolute differences in [-1, 1], unweighted; all of them sums of both directions; `d_loss`, the discriminators'
    halved losses, likewise; and their accuracies `d_real`, `d_fake`, means of both.
    """

    def __init__(
        self,
        a_to_b: keras.Model,
        b_to_a: keras.Model,
        discriminator_a: keras.Model,
        discriminator_b: keras.Model,
        *,
        loss: AdversarialLoss = LEAST_SQUARES,
        optimizer: Callable[..., keras.optimizers.Optimizer] = adam,
        steps: int | None = None,
        cycle: float = CYCLE,
        identity: float = IDENTITY,
        pool: int = POOL,
        pixel_range: tuple[float, float] = (-1.0, 1.0),
        seed: int = 0,
        jit: bool | None = None,
    ):
        """Join four networks.

        Args:
            a_to_b, b_to_a: the translators, pictures -> pictures.
            discriminator_a, discriminator_b: the discriminators of each domain, pictures -> scores.
            loss: how scores are compared with labels.
            optimizer: called with `steps` for the translators, and again for the discriminators.
            steps: of the whole training, for a learning rate that changes; None for one that does not.
            cycle: weight of the cycle loss.
            identity: weight of the identity loss, as a share of `cycle`.
            pool: past fakes remembered of each domain.
            pixel_range: what uint8 0 and 255 become.
            seed: of the pools' choices, and of drawn labels.
            jit: see `StepModel.ready`.
        """
        super().__init__()
        self.a_to_b, self.b_to_a, self.discriminator_a, self.discriminator_b = (
            a_to_b,
            b_to_a,
            discriminator_a,
            discriminator_b,
        )
        self.loss_value, self.cycle, self.identity = loss, cycle, identity
        self.pixel_range = pixel_range
        self.random = keras.random.SeedGenerator(seed)
        shape = a_to_b.input_shape[1:]
        self.pool_a, self.pool_b = Pool(shape, pool, seed + 1), Pool(shape, pool, seed + 2)
        self.g_variables = [*a_to_b.trainable_variables, *b_to_a.trainable_variables]
        self.d_variables = [*discriminator_a.trainable_variables, *discriminator_b.trainable_variables]
        self.g_optimizer, self.d_optimizer = optimizer(steps=steps), optimizer(steps=steps)
        self.g_optimizer.build(self.g_variables)
        self.d_optimizer.build(self.d_variables)
        self.ready(
            {
                "a_to_b": a_to_b,
                "b_to_a": b_to_a,
                "discriminator_a": discriminator_a,
                "discriminator_b": discriminator_b,
            },
            {"generators": self.g_optimizer, "discriminators": self.d_optimizer},
            jit=jit,
        )

    def adversarial_loss(self, network: keras.Model, pictures: Tensor, label_real: bool) -> tuple[Tensor, Tensor]:
        """Loss and accuracy of pictures that a discriminator is to find real, or not."""
        scores = network(pictures, training=True)
        loss = self.loss_value(scores, label_real, random=self.random)
        return loss, self.loss_value.accuracy(scores, label_real)

    def translate(self, real_a: Tensor, real_b: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What the translators are to get small: `(weighted sum, its parts and the fakes)`."""
        fake_b, fake_a = self.a_to_b(real_a, training=True), self.b_to_a(real_b, training=True)
        adversarial = (
            self.adversarial_loss(self.discriminator_b, fake_b, True)[0]
            + self.adversarial_loss(self.discriminator_a, fake_a, True)[0]
        )
        cycle = absolute(self.b_to_a(fake_b, training=True), real_a) + absolute(
            self.a_to_b(fake_a, training=True), real_b
        )
        total = adversarial + self.cycle * cycle
        identity = ops.zeros(())
        if self.identity:  # a picture that has the look already should stay as it is
            identity = absolute(self.a_to_b(real_b, training=True), real_b) + absolute(
                self.b_to_a(real_a, training=True), real_a
            )
            total = total + self.cycle * self.identity * identity
        return total, (adversarial, cycle, identity, fake_a, fake_b)

    def discriminate(self, shown: Sequence[tuple[keras.Model, Tensor, Tensor]]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """What the discriminators are to get small, and their accuracies; shown: (network, real, fake) of each."""
        losses, real_right, fake_right = [], [], []
        for network, real, fake in shown:
            on_real, right = self.adversarial_loss(network, real, True)
            real_right.append(right)
            on_fake, right = self.adversarial_loss(network, fake, False)
            fake_right.append(right)
            losses.append((on_real + on_fake) / 2)  # halved, as in the authors' code: they learn half as fast
        return sum(losses), (sum(real_right) / len(shown), sum(fake_right) / len(shown))

    def step(self, batch: Tensor) -> dict[str, Tensor]:
        """One step of the translators, one of the discriminators.

        Args:
            batch: (n, size, size, 6) uint8: a picture of domain A in channels 0 to 2, one of B in 3 to 5.
        """
        real_a, real_b = halves(batch, self.pixel_range)
        _, (g_loss, cycle, identity, fake_a, fake_b) = minimize(
            partial(self.translate, real_a, real_b), self.g_variables, self.g_optimizer, self
        )
        fake_a, fake_b = (ops.stop_gradient(fake) for fake in (fake_a, fake_b))
        shown = [
            (self.discriminator_a, real_a, self.pool_a(fake_a)),
            (self.discriminator_b, real_b, self.pool_b(fake_b)),
        ]
        d_loss, (d_real, d_fake) = minimize(partial(self.discriminate, shown), self.d_variables, self.d_optimizer, self)
        return {
            "d_loss": d_loss,
            "g_loss": g_loss,
            "cycle_loss": cycle,
            "identity_loss": identity,
            "d_real": d_real,
            "d_fake": d_fake,
        }

    def step_macs(self, batch_size: int) -> float:
        """Multiply-adds of one step. A way through a network costs 1, its gradient 2 (1 if only passed on)."""
        translators = macs(self.a_to_b) + macs(self.b_to_a)
        discriminators = macs(self.discriminator_a) + macs(self.discriminator_b)
        # each generator: fake, back (whose gradient is also passed on to the fake), identity; each discriminator: the
        # translators' turn, real and fake
        passes = 3 + 3 + (3 if self.identity else 0)
        return batch_size * (passes * translators + (2 + 3 + 3) * discriminators)
