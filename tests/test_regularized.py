"""The modern GAN: its loss, penalties, augmentation, networks and step, against values by hand."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, ops

from artkeras import engine
from artkeras.losses import BCE, LEAST_SQUARES, RELATIVISTIC, AdversarialLoss, RelativisticLoss, loss
from artkeras.models.augmentation import DiffAugment, flip
from artkeras.models.gan import adam
from artkeras.models.regularized import RegularizedGAN
from artkeras.networks import residual
from artkeras.networks.blocks import DepthToSpace
from artkeras.recipes import Recipe, recipe

number = ops.convert_to_numpy


# --- the loss -----------------------------------------------------------------------------------------


def test_pairs_are_compared_by_the_softplus_of_their_difference():
    real, fake = np.array([[2.0], [0.0]], "float32"), np.array([[1.0], [3.0]], "float32")
    by_hand = np.mean(np.log1p(np.exp(-(real - fake))))  # 0.3133 and 3.0486
    assert by_hand == pytest.approx(1.680924, abs=1e-5)
    assert float(RELATIVISTIC.of_discriminator(real, fake)) == pytest.approx(by_hand, rel=1e-6)
    assert float(RELATIVISTIC.of_generator(real, fake)) == pytest.approx(np.mean(np.log1p(np.exp(real - fake))))
    assert float(RELATIVISTIC.accuracies(real, fake)["d_pairs"]) == 0.5
    assert float(RELATIVISTIC.of_discriminator(real + 90, fake - 90)) == 0  # no overflow


@pytest.mark.parametrize("value", [BCE, LEAST_SQUARES], ids=["cross-entropy", "least squares"])
def test_the_other_losses_do_the_same_without_comparing(value):
    real, fake = np.array([[2.0], [0.0]], "float32"), np.array([[1.0], [3.0]], "float32")
    both = float(value(real, True)) + float(value(fake, False))
    assert float(value.of_discriminator(real, fake)) == pytest.approx(both)
    assert float(value.of_generator(real, fake)) == pytest.approx(float(value(fake, True)))
    assert set(value.accuracies(real, fake)) == {"d_real", "d_fake"}


@pytest.mark.parametrize("value", [RELATIVISTIC, AdversarialLoss("least_squares", (0.7, 1.2), (0.0, 0.3)), None])
def test_a_stored_recipe_has_its_loss_again(value):
    one = replace(recipe("modern/gan"), loss=value)
    assert Recipe.from_json(one.to_json()).loss == value
    if value is not None:
        assert loss(one.to_json()["loss"]) == value


# --- gradients by images ------------------------------------------------------------------------------


def tiny(score, *, size=16, **options):
    """A model with a generator that is one dense layer, and a discriminator made of some layers."""
    images = keras.Input((size, size, 3))
    x = images
    for layer in score:
        x = layer(x)
    latents = keras.Input((2,))
    made = layers.Reshape((size, size, 3))(layers.Dense(size * size * 3)(latents))
    options = {"optimizer": lambda: adam(1e-3, beta_1=0.0), "share": 1.0} | options
    return RegularizedGAN(keras.Model(latents, made), keras.Model(images, x), **options)


def images(count=4, size=16, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, size, size, 3)).astype("float32")


def test_the_penalty_of_a_linear_discriminator_is_the_square_of_its_weights():
    model = tiny([layers.Flatten(), layers.Dense(1)], r1=3.0, r2=0.5)
    weights = number(model.discriminator.trainable_variables[0])
    real, fake = images(seed=1), images(seed=2)
    scores, found = engine.input_gradients(lambda x: model.discriminator(x, training=True), real, model)
    np.testing.assert_allclose(number(scores), number(model.discriminator(real)), rtol=1e-5)
    np.testing.assert_allclose(number(found), np.broadcast_to(weights.reshape(1, 16, 16, 3), found.shape), rtol=1e-5)

    squared = np.sum(weights**2)
    total, logs, by_weights = engine.gradients(
        lambda: model.discriminator_loss(real, fake), model.discriminator.trainable_variables, model
    )
    assert float(logs["r1"]) == pytest.approx(squared, rel=1e-5)
    assert float(logs["r2"]) == pytest.approx(squared, rel=1e-5)
    assert float(total) == pytest.approx(float(logs["d_loss"]) + (3.0 + 0.5) / 2 * squared, rel=1e-5)

    # d/dw of the penalty is (gamma_1 + gamma_2) * w; of softplus(-(w.x - w.y)), the mean of -sigmoid(-(a - b)) (x - y)
    a, b = (x.reshape(4, -1) @ weights for x in (real, fake))
    slopes = -1 / (1 + np.exp(a - b))
    expected = (slopes * (real - fake).reshape(4, -1)).mean(0)[:, None] + 3.5 * weights
    np.testing.assert_allclose(number(by_weights[0]), expected, rtol=1e-4, atol=1e-5)


def test_the_penalty_of_a_curved_discriminator_has_the_right_slope():
    model = tiny(
        [layers.Conv2D(2, 3, padding="same", activation="tanh"), layers.AveragePooling2D(4), layers.Flatten(),
         layers.Dense(3, activation="tanh"), layers.Dense(1)],
        r1=1.0, r2=0.0,
    )  # fmt: skip
    real, variables = images(seed=1), model.discriminator.trainable_variables

    def penalty():
        _, _, r1, _ = model.penalized_scores(real, images(seed=2))
        return r1, r1

    value, _, found = engine.gradients(penalty, variables, model)
    for variable, slope in zip(variables, found, strict=True):
        if slope is None:  # the last bias: scores move along with it, their gradients don't
            continue
        direction = np.random.default_rng(3).normal(size=variable.shape).astype("float32")
        before, ends = number(variable.value), []
        for sign in (1, -1):
            variable.assign(before + sign * 1e-2 * direction)
            ends.append(float(penalty()[0]))
        variable.assign(before)
        assert (ends[0] - ends[1]) / 2e-2 == pytest.approx(float(np.sum(number(slope) * direction)), rel=2e-2, abs=1e-5)
    assert float(value) > 0


def test_the_penalty_is_taken_on_a_part_of_the_batch():
    model = tiny([layers.Flatten(), layers.Dense(4, activation="tanh"), layers.Dense(1)], share=0.25)
    real, fake = images(8, seed=1), images(8, seed=2)
    scores, others, r1, r2 = model.penalized_scores(real, fake)
    np.testing.assert_allclose(number(scores), number(model.discriminator(real)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(number(others), number(model.discriminator(fake)), rtol=1e-4, atol=1e-6)
    for shown, found in ((real, r1), (fake, r2)):
        _, by_image = engine.input_gradients(model.discriminator, shown[:2], model)
        assert float(found) == pytest.approx(np.mean(np.sum(number(by_image) ** 2, axis=(1, 2, 3))), rel=1e-4)


# --- augmentation -------------------------------------------------------------------------------------


def test_translation_moves_whole_images_and_uncovers_zeros():
    shown = images(64, seed=1)
    moved = number(DiffAugment(colour=False, cutout=0)(shown, keras.random.SeedGenerator(0)))
    found = set()
    for before, after in zip(shown, moved, strict=True):
        matches = []
        for down in range(-2, 3):  # an eighth of 16
            for right in range(-2, 3):
                expected = np.zeros_like(before)
                ys, xs = slice(max(0, down), 16 + min(0, down)), slice(max(0, right), 16 + min(0, right))
                source = before[max(0, -down) : 16 - max(0, down), max(0, -right) : 16 - max(0, right)]
                expected[ys, xs] = source
                if np.allclose(after, expected):
                    matches.append((down, right))
        assert len(matches) == 1
        found |= set(matches)
    assert {down for down, _ in found} == {right for _, right in found} == {-2, -1, 0, 1, 2}


def test_cutout_sets_one_square_to_zero():
    cut = number(
        DiffAugment(colour=False, translation=0)(np.ones((200, 16, 16, 3), "float32"), keras.random.SeedGenerator(0))
    )
    assert set(np.unique(cut)) == {0.0, 1.0}
    assert (cut == cut[..., :1]).all()  # the same in each channel
    rows, columns = (cut[..., 0] == 0).any(axis=2).sum(axis=1), (cut[..., 0] == 0).any(axis=1).sum(axis=1)
    np.testing.assert_array_equal((cut[..., 0] == 0).sum(axis=(1, 2)), rows * columns)  # a box
    assert rows.max() == columns.max() == 8 and rows.min() == columns.min() == 4  # cut off at the edge, at most by half


def test_colour_is_brightness_then_saturation_then_contrast():
    shown = images(8, seed=1)
    random, again = keras.random.SeedGenerator(5), keras.random.SeedGenerator(5)
    changed = number(DiffAugment(translation=0, cutout=0)(shown, random))
    draws = [
        number(keras.random.uniform((8, 1, 1, 1), *ends, seed=again)) for ends in ((-0.5, 0.5), (0, 2), (0.5, 1.5))
    ]
    x = shown + draws[0]
    grey = x.mean(axis=3, keepdims=True)
    x = (x - grey) * draws[1] + grey
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(changed, (x - mean) * draws[2] + mean, atol=1e-5)


def test_a_gradient_comes_back_through_the_augmentation():
    model = tiny([layers.Flatten(), layers.Dense(1)])
    shown = images(4, seed=1)

    def score(x):
        return ops.sum(DiffAugment(colour=True)(x, keras.random.SeedGenerator(0)) ** 2, axis=(1, 2, 3))

    _, found = engine.input_gradients(score, shown, model)
    direction = np.random.default_rng(3).normal(size=shown.shape).astype("float32")
    ends = [number(score(shown + sign * 1e-2 * direction)) for sign in (1, -1)]
    slopes = (ends[0] - ends[1]) / 2e-2
    np.testing.assert_allclose(np.sum(number(found) * direction, axis=(1, 2, 3)), slopes, rtol=2e-3, atol=0.05)


def test_about_half_of_the_images_are_mirrored():
    shown = images(200, seed=1)
    mirrored = number(flip(shown, keras.random.SeedGenerator(0)))
    turned = [np.array_equal(after, before[:, ::-1]) for before, after in zip(shown, mirrored, strict=True)]
    kept = [np.array_equal(after, before) for before, after in zip(shown, mirrored, strict=True)]
    assert all(a != b for a, b in zip(turned, kept, strict=True)) and 70 < sum(turned) < 130


# --- networks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [16, 64, 128])
def test_sizes(size):
    g, d = residual.generator(8, size, 4, full=2), residual.discriminator(size, 4)
    assert g.output_shape == (None, size, size, 3) and d.output_shape == (None, 1)
    assert not [layer for layer in (*g.layers, *d.layers) if "norm" in type(layer).__name__.lower()]
    assert not [layer for layer in g.layers if isinstance(layer, layers.Conv2DTranspose)]


def test_published_sizes_of_the_card():
    g, d = residual.generator(), residual.discriminator()
    assert engine.macs(g) < 162e6 and engine.macs(d) < 171e6  # those of the plain residual pair it came from


def test_flat_features_stay_flat_up_to_the_edge():
    """Padding with zeros would darken the outermost pixels: a frame."""
    g = residual.generator(8, 32, 4, full=2, noise=False)
    first = next(layer for layer in g.layers if isinstance(layer, layers.Reshape)).output  # 4 x 4
    last = next(layer for layer in g.layers if isinstance(layer, DepthToSpace)).input  # 16 x 16
    made = number(keras.Model(first, last)(np.ones((1, *first.shape[1:]), "float32")))
    assert made.shape[1:3] == (16, 16)
    np.testing.assert_allclose(made, np.broadcast_to(made[:, 8:9, 8:9], made.shape), rtol=1e-4, atol=1e-5)


def test_noise_comes_from_the_latents():
    g = residual.generator(8, 16, 4, full=2)
    for layer in g.layers:
        if isinstance(layer, layers.Conv2D) and layer.kernel.shape[2] == 1:  # weights of the noise, zero at first
            layer.kernel.assign(np.ones(layer.kernel.shape))
    latents = np.random.default_rng(0).normal(size=(2, 8)).astype("float32")
    np.testing.assert_array_equal(number(g(latents)), number(g(latents)))
    fixed = [v for v in g.variables if not v.trainable]
    assert [v.shape for v in fixed] == [(8, 64), (8, 256)]
    noise = latents @ number(fixed[1])
    assert 0.5 < noise.std() < 2


# --- the step -----------------------------------------------------------------------------------------


TINY = replace(recipe("modern/gan"), size=16, width=2, batch_size=4)


def test_both_networks_move_and_nothing_else_does():
    model = TINY.build()
    before = {name: number(v.value).copy() for name, v in model.state().items()}
    batch = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), "uint8")
    logs = model.train_on_batch(batch, return_dict=True)
    assert set(logs) == {"d_loss", "g_loss", "d_pairs", "r1", "r2"}
    assert all(np.isfinite(float(value)) for value in logs.values())
    after = {name: number(v.value) for name, v in model.state().items()}
    fixed = {f"generator/{i:03d}" for i, v in enumerate(model.generator.variables) if not v.trainable}
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert fixed <= same and fixed
    weights = {n for n in before if n.startswith(("generator/", "discriminator/"))}
    # biases of a first block's noise get no gradient only while their weights are zero: at most the fixed ones stay
    assert weights & same == fixed


def test_a_generator_step_raises_the_scores_of_its_images():
    model = tiny([layers.Flatten(), layers.Dense(1)], colour=False, translation=0, cutout=0)
    latents, real = np.random.default_rng(0).normal(size=(8, 2)).astype("float32"), images(8)
    scores = [number(model.discriminator(model.generator(latents))).mean()]
    for _ in range(5):
        engine.minimize(
            lambda: model.generator_loss(latents, real), model.generator.trainable_variables, model.g_optimizer, model
        )
        scores.append(number(model.discriminator(model.generator(latents))).mean())
    assert scores == sorted(scores)


def test_without_penalties_a_discriminator_may_have_norms():
    model = tiny([layers.BatchNormalization(), layers.Flatten(), layers.Dense(1)], loss=BCE, r1=0.0, r2=0.0)
    batch = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), "uint8")
    assert set(model.train_on_batch(batch, return_dict=True)) == {"d_loss", "g_loss", "d_real", "d_fake"}


def test_work_is_counted_in_passes():
    model = TINY.build()
    g, d = engine.macs(model.generator), engine.macs(model.discriminator)
    assert model.step_macs(4) == 4 * (4 * g + (6 + 2 + 2 + 1) * d)
    plain = tiny([layers.Flatten(), layers.Dense(1)], loss=BCE, r1=0.0, r2=0.0)
    assert plain.step_macs(4) == 4 * (4 * engine.macs(plain.generator) + 8 * engine.macs(plain.discriminator))


def test_the_pairing_loss_is_a_value():
    assert RelativisticLoss() == RELATIVISTIC and TINY.loss is RELATIVISTIC
