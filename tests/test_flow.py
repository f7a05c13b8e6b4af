"""The rectified flow: its loss and its sampler against values by hand, its network, its task."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, ops

import artkeras
from artkeras import engine
from artkeras.__main__ import main
from artkeras.errors import UserError
from artkeras.models.flow import RectifiedFlow
from artkeras.networks import flow as networks
from artkeras.recipes import recipe
from artkeras.tasks.flow import FlowSampler, Validator, integrate
from artkeras.training.run import Run

number = ops.convert_to_numpy
TINY = replace(
    recipe("modern/flow"),
    size=16,
    width=2,
    batch_size=4,
    limit=16,
    epochs=2,
    holdout=0.25,
    eval_every=1,
    sample_every=1,
)


def affine(slope, size=4):
    """A velocity that is a multiple of the image, whatever the time."""
    images, times = keras.Input((size, size, 3)), keras.Input((1,))
    scaled = layers.Rescaling(slope)(images)
    nothing = layers.Reshape((1, 1, 1))(layers.Rescaling(0.0)(times))
    return keras.Model([images, times], layers.Add()([scaled, nothing]))


def test_the_loss_is_the_squared_distance_from_noise_less_image():
    model = RectifiedFlow(affine(2.0))
    random = np.random.default_rng(0)
    images, noise = random.normal(size=(2, 3, 4, 4, 3)).astype("float32")
    times = np.array([[0.0], [0.25], [1.0]], "float32")
    t = times.reshape(-1, 1, 1, 1)
    by_hand = np.mean((2 * ((1 - t) * images + t * noise) - (noise - images)) ** 2)
    assert float(model.loss_at(images, noise, times)) == pytest.approx(by_hand, rel=1e-5)


def test_a_straight_way_is_gone_exactly_in_one_step():
    images, times = keras.Input((4, 4, 3)), keras.Input((1,))
    constant = layers.Add()(
        [layers.Rescaling(0.0, 0.5)(images), layers.Reshape((1, 1, 1))(layers.Rescaling(0.0)(times))]
    )
    noise = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype("float32")
    for steps in (1, 7):
        np.testing.assert_allclose(
            integrate(keras.Model([images, times], constant), noise, steps), noise - 0.5, atol=1e-6
        )


def test_heun_is_of_second_order():
    """dx/dt = x from t = 1 to 0 shrinks by e. Half as long steps leave about a quarter of the error."""
    noise = np.ones((1, 4, 4, 3), "float32")
    errors = [abs(float(integrate(affine(1.0), noise, steps)[0, 0, 0, 0]) - np.exp(-1)) for steps in (4, 8, 16)]
    assert errors[0] < 0.03 and 3 < errors[0] / errors[1] < 5 and 3 < errors[1] / errors[2] < 5


def test_samples_depend_on_the_seed_alone():
    sampler = FlowSampler(TINY, {"velocity": networks.unet(16, 2)}, "tiny", steps=2)
    first = sampler.sample(3, seed=1)
    assert first.shape == (3, 16, 16, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, sampler.sample(3, seed=1))
    assert not np.array_equal(first, sampler.sample(3, seed=2))
    walk = sampler.walk(6, stops=2, seed=1)
    np.testing.assert_array_equal(walk[0], sampler.sample(2, seed=1)[0])
    np.testing.assert_array_equal(walk[3], sampler.sample(2, seed=1)[1])


@pytest.mark.parametrize("call", [lambda s: s.sample(0), lambda s: s.walk(1), lambda s: FlowSampler(TINY, {}, "", 0)])
def test_what_cannot_be_sampled_is_refused(call):
    with pytest.raises(UserError):
        call(FlowSampler(TINY, {"velocity": None}, "tiny"))


@pytest.mark.parametrize(("norm", "attention"), [(False, False), (True, True)])
@pytest.mark.parametrize("size", [16, 64])
def test_networks_start_at_zero_and_take_any_size(size, norm, attention):
    network = networks.unet(size, 8, norm=norm, attention=attention)
    images = np.random.default_rng(0).normal(size=(2, size, size, 3)).astype("float32")
    made = number(network([images, np.array([[0.1], [0.9]], "float32")]))
    assert made.shape == images.shape and not made.any()
    assert not norm or engine.macs(network) > 0


def test_attention_is_counted():
    """Queries, keys, values and output of 64 places, 8 to 8; then 64 x 64 products of 8, twice."""
    x = keras.Input((64, 8))
    network = keras.Model(x, layers.MultiHeadAttention(2, 4)(x, x))
    assert engine.macs(network) == 4 * 64 * 8 * 8 + 2 * 64 * 64 * 8


def test_the_time_reaches_the_network():
    network = networks.unet(16, 2)
    random = np.random.default_rng(0)
    for variable in network.trainable_variables:
        variable.assign(random.normal(0, 0.3, variable.shape))
    images = random.normal(size=(1, 16, 16, 3)).astype("float32")
    early, late = (number(network([images, np.array([[t]], "float32")])) for t in (0.1, 0.9))
    assert np.abs(early - late).max() > 1e-3


def test_training_lowers_the_loss_and_is_bit_equal_from_the_same_seed():
    batch = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), "uint8")
    losses = []
    for _ in "ab":
        model = replace(TINY, width=8, optimizer=TINY.optimizer.but(learning_rate=1e-2)).build()
        losses.append([float(model.train_on_batch(batch)) for _ in range(100)])
    assert losses[0] == losses[1]
    assert np.mean(losses[0][-20:]) < 0.9 * np.mean(losses[0][:10])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("flow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTKERAS_HOME", str(out / "home"))
        patch.delenv("ARTKERAS_DATA", raising=False)
        patch.chdir(out)
        return artkeras.train(TINY, precision="float32", out=out / "runs", log=lambda line: None).path


def test_a_run_is_watched_by_its_loss_on_held_out_paintings(run):
    history = Run(run).history()
    assert {"loss", "validation_loss", "training_loss"} <= set(history)
    assert np.isfinite(history["validation_loss"]).all()
    assert artkeras.load(run).sample(2).shape == (2, 16, 16, 3)
    assert artkeras.load(run, "ema").caption.endswith("averaged weights")


def test_the_command_takes_the_steps_of_a_flow_alone(run, tmp_path, capsys):
    assert main(["sample", str(run), "--count", "2", "--steps", "3", "--out", str(tmp_path / "a.png")]) == 0
    assert main(["sample", str(run), "--count", "2", "--steps", "1", "--out", str(tmp_path / "b.png")]) == 0
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()
    capsys.readouterr()
    assert main(["sample", "abstract/lsgan", "--steps", "3", "--out", str(tmp_path / "c.png")]) == 2
    assert capsys.readouterr().err == "artkeras: abstract/lsgan makes an image in one pass: leave out --steps\n"


def test_a_stopped_training_ends_as_if_it_never_was(run, tmp_path, monkeypatch):
    monkeypatch.chdir(run.parent.parent)
    monkeypatch.delenv("ARTKERAS_DATA", raising=False)
    half = artkeras.train(replace(TINY, epochs=1), precision="float32", out=tmp_path, log=lambda line: None)
    whole = artkeras.resume(half, epochs=2, precision="float32", log=lambda line: None)
    state, expected = whole.latest()[1], Run(run).latest()[1]
    assert set(state) == set(expected)
    for name in state:
        np.testing.assert_array_equal(state[name], expected[name], err_msg=name)


def test_the_validator_measures_the_same_twice(run):
    validator = Validator(TINY, *TINY.pictures())
    model = TINY.build()
    assert validator(model) == validator(model)
    assert validator(model)["validation_loss"] > 0.5  # velocity 0: the variance of noise and images
