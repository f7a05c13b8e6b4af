"""CycleGAN and pix2pix: the networks as published, who moves when, on what, and the pool of past fakes."""

from itertools import pairwise

import numpy as np
import pytest
import translating
from translating import SIZE, TINY_CYCLEGAN, TINY_PIX2PIX

from artkeras.engine import keras, macs
from artkeras.losses import BCE, LEAST_SQUARES
from artkeras.models import cyclegan, pix2pix
from artkeras.models.cyclegan import CycleGAN, Pool
from artkeras.models.translation import LinearDecay, adam
from artkeras.networks import patchgan, resnet, unet
from artkeras.networks.translation import ReflectionPadding2D, with_statistics_of
from artkeras.recipes import Recipe


def number(x):
    """A tensor's numbers, in an array of their own."""
    return np.array(keras.ops.convert_to_numpy(x), copy=True)


def snapshot(model):
    """The whole training state: name -> array."""
    return {name: number(v.value) for name, v in model.state().items()}


def scaled(pictures):
    return pictures.astype("float32") / 127.5 - 1


# --- networks -------------------------------------------------------------------------------------------


def test_resnet_has_the_published_total():
    # c7s1-64, d128, d256, 9 blocks of two, u128, u64, c7s1-3; the normalisation has no numbers of its own
    down = (49 * 3 + 1) * 64 + (9 * 64 + 1) * 128 + (9 * 128 + 1) * 256
    up = 9 * 256 * 128 + 128 + 9 * 128 * 64 + 64 + (49 * 64 + 1) * 3
    block = 2 * (9 * 256 + 1) * 256
    assert resnet.generator(256).count_params() == down + 9 * block + up == 11_378_179
    assert resnet.generator(128).count_params() == down + 6 * block + up == 7_837_699


def test_patchgan_has_the_published_totals_and_a_map_of_30_by_30_patches_of_70():
    one, two = patchgan.discriminator(256), patchgan.discriminator(256, pictures=2, affine=True)
    by_hand = (16 * 3 + 1) * 64 + (16 * 64 + 1) * 128 + (16 * 128 + 1) * 256 + (16 * 256 + 1) * 512 + 16 * 512 + 1
    assert one.count_params() == by_hand == 2_764_737
    by_hand = (16 * 6 + 1) * 64 + (16 * 64 + 2) * 128 + (16 * 128 + 2) * 256 + (16 * 256 + 2) * 512 + 16 * 512 + 1
    assert two.count_params() == by_hand == 2_768_705
    assert one.output_shape == two.output_shape == (None, 30, 30, 1)
    assert two.input_shape == (None, 256, 256, 6)
    patch = 1
    for layer in reversed([layer for layer in one.layers if isinstance(layer, keras.layers.Conv2D)]):
        patch = (patch - 1) * layer.strides[0] + layer.kernel_size[0]
    assert patch == 70
    for side in (64, 128):  # as many patches, each as large a share of a smaller picture
        assert patchgan.discriminator(side, width=1).output_shape == (None, 30, 30, 1)


def test_unet_has_the_published_total():
    # the same count at an eighth of the width, by the same sum, which at width 64 gives the published 54,413,955
    def by_hand(w):
        sides = [3, w, 2 * w, 4 * w, *[8 * w] * 5]
        down = sum(16 * a * b for a, b in pairwise(sides)) + 2 * sum(sides[2:8])
        up = sum(16 * (2 * a if i else a) * b for i, (a, b) in enumerate(zip(sides[:1:-1], sides[-2:0:-1])))
        return down + up + 2 * sum(sides[1:8]) + (16 * 2 * w + 1) * 3

    assert by_hand(64) == 54_413_955
    network = unet.generator(256, width=8)
    assert sum(np.prod(v.shape) for v in network.trainable_variables) == by_hand(8)
    assert min(layer.output.shape[1] for layer in network.layers) == 1
    after_dropout = [layer.output.shape[1] for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    assert after_dropout == [2, 4, 8]  # the first three blocks of the decoder, and no other


def test_reflection_padding_is_that_of_numpy():
    pictures = np.arange(2 * 4 * 5 * 3, dtype="float32").reshape(2, 4, 5, 3)
    padded = number(ReflectionPadding2D(3)(pictures))
    np.testing.assert_array_equal(padded, np.pad(pictures, [(0, 0), (3, 3), (3, 3), (0, 0)], mode="reflect"))
    assert padded[0, 3, :, 0].tolist() == [9, 6, 3, 0, 3, 6, 9, 12, 9, 6, 3]  # by hand: the edge is not repeated
    layer = ReflectionPadding2D.from_config(ReflectionPadding2D(2).get_config())
    assert layer.compute_output_shape((None, 4, None, 3)) == (None, 8, None, 3)


@pytest.mark.parametrize("build", [resnet.generator, unet.generator], ids=["resnet", "unet"])
def test_a_network_of_any_size_is_the_same_network(build):
    fixed, free = build(size=16, width=2), build(size=16, width=2, any_size=True)
    free.set_weights(fixed.get_weights())
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    np.testing.assert_allclose(number(free(pictures)), number(fixed(pictures)), atol=1e-5)
    assert free(np.zeros((1, 32, 48, 3), "float32")).shape == (1, 32, 48, 3)
    # each picture by itself: no batch statistics anywhere
    np.testing.assert_allclose(number(fixed(pictures[1:])), number(fixed(pictures))[1:], atol=1e-5)


@pytest.mark.parametrize("build", [resnet.generator, unet.generator], ids=["resnet", "unet"])
def test_statistics_held_from_a_picture_make_the_same_of_it_and_stay_for_its_pieces(build):
    network = build(size=16, width=2, any_size=True)
    for v in network.weights:
        if v.path.endswith(("gamma", "beta")):
            v.assign(np.random.default_rng(len(v.path)).normal(1, 0.5, v.shape))
    pictures = np.random.default_rng(0).uniform(-1, 1, (1, 64, 48, 3)).astype("float32")
    held = with_statistics_of(network, pictures)
    np.testing.assert_allclose(number(held(pictures)), number(network(pictures)), atol=1e-4)
    pictures[:, 32:] = 0.5  # other statistics: the network answers differently above, the one that holds does not
    assert np.abs(number(held(pictures)) - number(network(pictures)))[:, :8].max() > 0.01


def test_weights_are_drawn_from_a_normal_distribution_of_deviation_002_each_layer_its_own():
    kernels = [number(v) for v in resnet.generator(16, width=16, blocks=1).weights if v.path.endswith("kernel")]
    assert all(abs(kernel.std() - 0.02) < 0.002 and abs(kernel.mean()) < 0.002 for kernel in kernels)
    one, other = (kernel for kernel in kernels if kernel.shape == (3, 3, 64, 64))
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("build", "values", "word"),
    [
        (resnet.generator, {"size": 18}, "size"),
        (resnet.generator, {"width": 0}, "width"),
        (unet.generator, {"size": 48}, "size"),
        (patchgan.discriminator, {"size": 16, "depth": 3}, "size"),
    ],
)
def test_what_cannot_be_built_is_said(build, values, word):
    with pytest.raises(ValueError, match=word):
        build(**values)


# --- the learning rate ----------------------------------------------------------------------------------


def test_learning_rate_is_constant_for_half_of_the_steps_and_then_falls_to_zero():
    rate = LinearDecay(2e-4, steps=100)
    assert [round(float(rate(step)) * 1e6) for step in (0, 49, 50, 75, 99, 100, 140)] == [200, 200, 200, 100, 4, 0, 0]
    assert float(LinearDecay(2e-4)(10**6)) == pytest.approx(2e-4)
    assert float(LinearDecay(2e-4, 100, constant=1.0)(99)) == pytest.approx(2e-4)
    assert LinearDecay.from_config(rate.get_config()).get_config() == rate.get_config()


def test_the_optimizer_follows_it_and_its_recipe_survives_json():
    recipe = Recipe.from_json(TINY_CYCLEGAN.to_json())
    assert recipe.to_json() == TINY_CYCLEGAN.to_json()
    optimizer = recipe.optimizer(steps=8)
    assert (optimizer.beta_1, optimizer.beta_2) == (0.5, 0.999)
    optimizer.build([])
    optimizer.iterations.assign(6)
    assert float(optimizer.learning_rate) == pytest.approx(1e-4)


def test_a_planned_and_an_unplanned_optimizer_have_the_same_state():
    weight = keras.Variable(np.zeros(3, "float32"))
    planned, unplanned = adam(steps=10), adam()
    for optimizer in (planned, unplanned):
        optimizer.build([weight])
    assert [v.shape for v in planned.variables] == [v.shape for v in unplanned.variables]


# --- the pool -------------------------------------------------------------------------------------------


def fakes(first, count=2):
    """Pictures that are numbers: first, first + 1, ..."""
    return np.arange(first, first + count, dtype="float32")[:, None, None, None] * np.ones((1, 4, 4, 3), "float32")


def exchanged(pool, pictures):
    return number(pool(pictures))[:, 0, 0, 0].tolist()


def test_pool_fills_first_and_gives_back_what_it_got():
    pool = Pool((4, 4, 3), size=5)
    for first in (1, 3, 5):  # the last two overrun it
        assert exchanged(pool, fakes(first)) == [first, first + 1]
    assert int(number(pool.count)) == 5
    assert sorted(number(pool.kept)[:, 0, 0, 0].tolist()) == [2, 3, 4, 5, 6]


def test_full_pool_exchanges_half_of_the_fakes_for_past_ones():
    pool = Pool((4, 4, 3), size=4, seed=3)
    exchanged(pool, fakes(0, 4))
    swapped = 0
    for first in range(4, 104, 2):
        before = sorted(number(pool.kept)[:, 0, 0, 0].tolist())
        given = exchanged(pool, fakes(first))
        after = sorted(number(pool.kept)[:, 0, 0, 0].tolist())
        assert sorted([*before, first, first + 1]) == sorted([*after, *given])  # nothing is lost, nothing twice
        swapped += sum(value < first for value in given)
    assert 32 < swapped < 68  # of 100


def test_pool_is_state_and_goes_on_where_it_was():
    pool = Pool((4, 4, 3), size=4, seed=3)
    exchanged(pool, fakes(0, 4))
    kept = [number(v) for v in pool.variables]
    first = [exchanged(pool, fakes(k)) for k in (10, 20, 30)]
    for variable, value in zip(pool.variables, kept, strict=True):
        variable.assign(value)
    assert [exchanged(pool, fakes(k)) for k in (10, 20, 30)] == first


# --- one step -------------------------------------------------------------------------------------------


@pytest.fixture
def turns(monkeypatch):
    """Notes of each update: (networks whose variables were asked to move, optimizer, what moved meanwhile)."""
    noted = []

    def listen(module):
        original = module.minimize

        def minimize(loss_fn, variables, optimizer, model):
            before = snapshot(model)
            result = original(loss_fn, variables, optimizer, model)
            after = snapshot(model)
            chosen = {id(v) for v in variables}
            asked = [n for n, net in model.networks.items() if chosen & {id(v) for v in net.trainable_variables}]
            names = [n for n, o in model.optimizers.items() if o is optimizer]
            moved = {n.split("/")[0] for n in before if not np.array_equal(before[n], after[n])}
            noted.append((asked, names, moved))
            return result

        monkeypatch.setattr(module, "minimize", minimize)

    listen(cyclegan)
    listen(pix2pix)
    return noted


def test_cyclegan_moves_both_generators_then_both_discriminators(turns):
    model = TINY_CYCLEGAN.build()
    before = snapshot(model)
    model.step(translating.batch())
    after = snapshot(model)
    g, d = ["a_to_b", "b_to_a"], ["discriminator_a", "discriminator_b"]
    assert [(asked, names) for asked, names, _ in turns] == [(g, ["generators"]), (d, ["discriminators"])]
    assert turns[0][2] == {*g, "generators_optimizer"}
    assert turns[1][2] == {*d, "discriminators_optimizer"}
    moved = [name for name in before if name.startswith("model/") and not np.array_equal(before[name], after[name])]
    assert len(moved) == 6  # of both pools: what they keep, how many, and their random state


def test_cyclegan_losses_are_those_of_the_paper():
    model, batch = translating.without_chance(TINY_CYCLEGAN), translating.batch()
    a, b = scaled(batch[..., :3]), scaled(batch[..., 3:])
    to_b, to_a, discriminator_a, discriminator_b = (
        model.a_to_b,
        model.b_to_a,
        model.discriminator_a,
        model.discriminator_b,
    )
    fake_b, fake_a = number(to_b(a)), number(to_a(b))
    g_loss = np.mean((number(discriminator_b(fake_b)) - 1) ** 2) + np.mean((number(discriminator_a(fake_a)) - 1) ** 2)
    cycle = np.abs(number(to_a(fake_b)) - a).mean() + np.abs(number(to_b(fake_a)) - b).mean()
    identity = np.abs(number(to_b(b)) - b).mean() + np.abs(number(to_a(a)) - a).mean()
    shown = ((discriminator_a, a, fake_a), (discriminator_b, b, fake_b))
    d_loss = sum((np.mean((number(d(x)) - 1) ** 2) + np.mean(number(d(y)) ** 2)) / 2 for d, x, y in shown)
    total, _ = model.translate(a, b)
    assert float(total) == pytest.approx(g_loss + 10 * cycle + 5 * identity, rel=1e-4)
    logs = {name: float(value) for name, value in model.step(batch).items()}
    expected = {"g_loss": g_loss, "cycle_loss": cycle, "identity_loss": identity, "d_loss": d_loss}
    assert {name: logs[name] for name in expected} == pytest.approx(expected, rel=1e-4)
    assert list(logs) == ["d_loss", "g_loss", "cycle_loss", "identity_loss", "d_real", "d_fake"]


def untouched():
    """A translator that changes nothing."""
    pictures = keras.Input((SIZE, SIZE, 3))
    layer = keras.layers.Conv2D(3, 1, use_bias=False)
    network = keras.Model(pictures, layer(pictures))
    layer.kernel.assign(np.eye(3, dtype="float32")[None, None])
    return network


def test_translators_that_change_nothing_cost_nothing_but_the_adversarial_loss():
    discriminators = (patchgan.discriminator(SIZE, width=2, depth=1) for _ in range(2))
    model = CycleGAN(untouched(), untouched(), *discriminators, pool=2)
    logs = model.step(translating.batch())
    assert float(logs["cycle_loss"]) == float(logs["identity_loss"]) == 0
    assert float(logs["g_loss"]) > 0


def test_discriminators_see_past_fakes_once_the_pool_is_full(monkeypatch):
    model, shown = translating.without_chance(TINY_CYCLEGAN), []
    monkeypatch.setattr(model, "pool_b", lambda fake: shown.append(number(fake)) or keras.ops.zeros_like(fake))
    batch = translating.batch()
    on_past = np.mean(number(model.discriminator_b(np.zeros((2, SIZE, SIZE, 3), "float32"))) ** 2)
    on_real = np.mean((number(model.discriminator_b(scaled(batch[..., 3:]))) - 1) ** 2)
    fake_b, fake_a = number(model.a_to_b(scaled(batch[..., :3]))), number(model.b_to_a(scaled(batch[..., 3:])))
    on_a = (
        np.mean((number(model.discriminator_a(scaled(batch[..., :3]))) - 1) ** 2)
        + np.mean(number(model.discriminator_a(fake_a)) ** 2)
    ) / 2
    d_loss = float(model.step(batch)["d_loss"])
    np.testing.assert_allclose(shown[0], fake_b, atol=1e-5)  # today's, from before the translators moved
    assert d_loss == pytest.approx((on_real + on_past) / 2 + on_a, rel=1e-4)


def test_pix2pix_moves_the_discriminator_then_the_generator(turns):
    model = TINY_PIX2PIX.build()
    before = snapshot(model)
    model.step(translating.batch())
    assert [(asked, names) for asked, names, _ in turns] == [
        (["discriminator"], ["discriminator"]),
        (["a_to_b"], ["generator"]),
    ]
    assert turns[0][2] == {"discriminator", "discriminator_optimizer"}  # the fake of its turn moved no random state
    assert turns[1][2] == {"a_to_b", "generator_optimizer"}
    after = snapshot(model)
    seeds = [n for n, v in model.state().items() if "seed" in v.path and not np.array_equal(before[n], after[n])]
    assert len(seeds) == 3  # each dropout once: both turns see the same fake


def test_pix2pix_losses_are_those_of_the_paper():
    model, batch = translating.without_chance(TINY_PIX2PIX), translating.batch()
    a, b = scaled(batch[..., :3]), scaled(batch[..., 3:])
    fake = number(model.a_to_b(a))

    def judged(picture):
        return number(model.discriminator(np.concatenate([a, picture], axis=-1)))

    on_real, on_fake = np.logaddexp(0, -judged(b)).mean(), np.logaddexp(0, judged(fake)).mean()
    total, _ = model.translate(a, b)
    difference = np.abs(fake - b).mean()
    assert float(total) == pytest.approx(np.logaddexp(0, -judged(fake)).mean() + 100 * difference, rel=1e-4)
    logs = {name: float(value) for name, value in model.step(batch).items()}
    assert logs["d_loss"] == pytest.approx((on_real + on_fake) / 2, rel=1e-4)
    assert logs["l1_loss"] == pytest.approx(difference, rel=1e-4)
    assert list(logs) == ["d_loss", "g_loss", "l1_loss", "d_real", "d_fake"]


def test_recipes_have_the_published_losses():
    assert (TINY_CYCLEGAN.loss, TINY_PIX2PIX.loss) == (LEAST_SQUARES, BCE)
    model = TINY_CYCLEGAN.build()
    assert (model.cycle, model.identity, cyclegan.POOL, pix2pix.L1) == (10.0, 0.5, 50, 100.0)


@pytest.mark.parametrize(
    ("recipe", "ways"),
    [
        (TINY_CYCLEGAN, {"a_to_b": (3, 9), "b_to_a": (3, 9), "discriminator_a": (3, 8), "discriminator_b": (3, 8)}),
        (TINY_PIX2PIX, {"a_to_b": (2, 4), "discriminator": (3, 8)}),
    ],
    ids=["cyclegan", "pix2pix"],
)
def test_work_counts_every_way_through_a_network(recipe, ways, monkeypatch):
    """(calls of a network in a step, their cost): 1 forward; 2 for the gradient, or 1 where it is only passed on."""
    model, calls = recipe.build(), dict.fromkeys(ways, 0)

    def count(name, network):
        call = network.call

        def counting(*arguments, **options):
            calls[name] += 1
            return call(*arguments, **options)

        monkeypatch.setattr(network, "call", counting)

    for name, network in model.networks.items():
        count(name, network)
    model.step(translating.batch())
    assert calls == {name: times for name, (times, _) in ways.items()}
    cost = sum(cost * macs(model.networks[name]) for name, (_, cost) in ways.items())
    assert model.step_macs(2) == 2 * cost
