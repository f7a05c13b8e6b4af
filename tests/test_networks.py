"""The networks are the published ones, layer by layer, and count their own work correctly."""

import numpy as np
import pytest

from artkeras import engine
from artkeras.engine import keras, macs
from artkeras.models.gan import GAN, CombinedGAN
from artkeras.networks.colour_field import discriminator, generator
from artkeras.networks.spectral import SpectralConv2D


def described(network):
    """A network in words, a line a layer, so that a difference reads as a sentence."""
    lines = []
    for layer in network.layers:
        kind = type(layer).__name__
        if kind in ("Conv2D", "Conv2DTranspose"):
            size, strides = "x".join(map(str, layer.kernel_size)), "x".join(map(str, layer.strides))
            lines.append(f"{kind} {layer.filters}, {size}, strides {strides}, {layer.padding}")
            assert layer.use_bias and layer.activation is keras.activations.linear
        elif kind == "Dense":
            lines.append(f"Dense {layer.units}")
            assert layer.use_bias and layer.activation is keras.activations.linear
        elif kind == "LeakyReLU":
            lines.append(f"LeakyReLU {layer.negative_slope}")
        elif kind == "BatchNormalization":
            lines.append(f"BatchNormalization {layer.momentum}")
        elif kind == "Dropout":
            lines.append(f"Dropout {layer.rate}")
        elif kind == "Reshape":
            lines.append(f"Reshape {layer.target_shape}")
        elif kind == "Activation":
            lines.append(f"Activation {layer.activation.__name__}")
        elif kind != "InputLayer":
            lines.append(kind)
    return lines


@pytest.fixture(scope="module")
def published():
    """The networks at their published size, by (function's name, norm)."""
    return {
        (build.__name__, norm): build(size=64, width=128, norm=norm)
        for build in (generator, discriminator)
        for norm in (False, True)
    }


# --- as published -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "norm", "total"),
    [
        ("discriminator", False, 2_101_761),
        ("generator", False, 1_728_387),
        ("generator", True, 1_730_435),
    ],
)
def test_parameter_totals_are_the_published_ones(published, name, norm, total):
    assert published[name, norm].count_params() == total


@pytest.mark.parametrize(("norm", "total"), [(False, 3_830_148), (True, 3_832_196)])
def test_stacked_totals_are_those_the_authors_printed(published, norm, total):
    stack = keras.Sequential([published["generator", norm], published["discriminator", False]])
    assert stack.count_params() == total


def test_discriminator_with_norm_adds_four_numbers_a_filter(published):
    # after the second to fourth convolution; 2,106,369 would be the total with one after the first as well
    assert published["discriminator", True].count_params() == 2_101_761 + 4 * (256 + 256 + 512) == 2_105_857


def test_published_shapes(published):
    assert published["generator", True].input_shape == (None, 100)
    assert published["generator", True].output_shape == (None, 64, 64, 3)
    assert published["discriminator", False].input_shape == (None, 64, 64, 3)
    assert published["discriminator", False].get_layer(index=-3).output.shape == (None, 32_768)
    assert published["discriminator", False].output_shape == (None, 1)


def test_discriminator_layer_by_layer(published):
    assert described(published["discriminator", False]) == [
        "Conv2D 128, 3x3, strides 1x1, same",
        "LeakyReLU 0.2",
        "Conv2D 256, 3x3, strides 2x2, same",
        "LeakyReLU 0.2",
        "Conv2D 256, 3x3, strides 2x2, same",
        "LeakyReLU 0.2",
        "Conv2D 512, 3x3, strides 2x2, same",
        "LeakyReLU 0.2",
        "Flatten",
        "Dropout 0.4",
        "Dense 1",
    ]


def test_discriminator_with_norm_has_it_after_the_second_to_fourth_convolution(published):
    with_norm, without = described(published["discriminator", True]), described(published["discriminator", False])
    places = [i for i, line in enumerate(with_norm) if line.startswith("BatchNormalization")]
    assert [with_norm[i - 1].split(",")[0] for i in places] == ["Conv2D 256", "Conv2D 256", "Conv2D 512"]
    assert [with_norm[i + 1] for i in places] == ["LeakyReLU 0.2"] * 3
    assert [line for line in with_norm if not line.startswith("BatchNormalization")] == without


def test_generator_layer_by_layer(published):
    doubling = ["Conv2DTranspose 128, 4x4, strides 2x2, same", "LeakyReLU 0.2"]
    first = ["Dense 4096", "LeakyReLU 0.2", "Reshape (4, 4, 256)"]
    last = ["Conv2D 3, 3x3, strides 1x1, same", "Activation tanh"]
    assert described(published["generator", False]) == first + doubling * 4 + last


def test_generator_norm_stands_between_transposed_convolution_and_leaky_relu(published):
    doubling = ["Conv2DTranspose 128, 4x4, strides 2x2, same", "BatchNormalization 0.8", "LeakyReLU 0.2"]
    first = ["Dense 4096", "LeakyReLU 0.2", "Reshape (4, 4, 256)"]
    last = ["Conv2D 3, 3x3, strides 1x1, same", "Activation tanh"]
    assert described(published["generator", True]) == first + doubling * 4 + last


# --- the study's advice, not taken --------------------------------------------------------------------------


def test_the_discriminator_can_halve_by_max_pooling_and_use_relu():
    assert described(discriminator(size=16, width=2, pooling=True, slope=0.0)) == [
        "Conv2D 2, 3x3, strides 1x1, same",
        "LeakyReLU 0.0",
        *("Conv2D 4, 3x3, strides 1x1, same", "LeakyReLU 0.0", "MaxPooling2D") * 2,
        "Conv2D 8, 3x3, strides 1x1, same",
        "LeakyReLU 0.0",
        "MaxPooling2D",
        "Flatten",
        "Dropout 0.4",
        "Dense 1",
    ]
    assert (
        discriminator(size=16, width=2, pooling=True).count_params() == discriminator(size=16, width=2).count_params()
    )


def test_the_generator_can_double_by_repeating_pixels_and_use_relu():
    doubling = ["UpSampling2D", "Conv2D 2, 4x4, strides 1x1, same", "BatchNormalization 0.8", "LeakyReLU 0.0"]
    first = ["Dense 64", "LeakyReLU 0.0", "Reshape (4, 4, 4)"]
    last = ["Conv2D 3, 3x3, strides 1x1, same", "Activation tanh"]
    network = generator(size=16, width=2, norm=True, upsampling=True, slope=0.0)
    assert described(network) == first + doubling * 2 + last
    assert network.count_params() == generator(size=16, width=2, norm=True).count_params()


def test_the_generator_can_make_its_latents_uniform():
    network = generator(latent_dim=50, size=16, width=2, uniform=True)
    dense = next(layer for layer in network.layers if isinstance(layer, keras.layers.Dense))
    seen = keras.Model(network.input, dense.input)
    latents = np.random.default_rng(0).normal(size=(400, 50)).astype("float32")
    uniform = keras.ops.convert_to_numpy(seen(latents))
    shares, _ = np.histogram(uniform, bins=10, range=(-1, 1))
    np.testing.assert_allclose(shares / uniform.size, 0.1, atol=0.01)
    in_order = uniform.ravel()[np.argsort(latents, axis=None)]
    assert (np.diff(in_order) >= 0).all()  # each number by itself


# --- other norms ----------------------------------------------------------------------------------------


def scores(network, pictures, training=True):
    return keras.ops.convert_to_numpy(network(pictures, training=training))


@pytest.mark.parametrize("norm", ["group", "instance", "spectral"])
def test_other_norms_judge_each_picture_by_itself(norm):
    network = discriminator(size=16, width=2, norm=norm, dropout=0.0)
    pictures = np.random.default_rng(0).uniform(-1, 1, (6, 16, 16, 3)).astype("float32")
    start = network.get_weights()
    for training in (True, False):
        whole = scores(network, pictures, training)
        network.set_weights(start)  # spectral normalisation takes an iteration at each call in training mode
        np.testing.assert_allclose(whole[:4], scores(network, pictures[:4], training), rtol=1e-3, atol=1e-6)
        network.set_weights(start)
    batch = discriminator(size=16, width=2, norm=True, dropout=0.0)
    assert np.abs(scores(batch, pictures)[:4] - scores(batch, pictures[:4])).max() > 1e-3


def test_instance_norm_takes_each_channel_by_itself_and_group_norm_some_together():
    def places(norm):
        layers = discriminator(size=16, width=8, norm=norm).layers
        return [layer.groups for layer in layers if isinstance(layer, keras.layers.GroupNormalization)]

    assert places("group") == [8, 8, 8]
    assert places("instance") == [16, 16, 32]


def test_spectral_norm_brings_the_largest_singular_value_to_one():
    network = discriminator(size=16, width=4, norm="spectral", dropout=0.0)
    pictures = np.zeros((2, 16, 16, 3), "float32")
    for _ in range(60):
        scores(network, pictures)
    found = [layer for layer in network.layers if isinstance(layer, SpectralConv2D)]
    assert [layer.filters for layer in found] == [8, 8, 16]
    for layer in found:
        kernel = keras.ops.convert_to_numpy(layer.kernel)
        largest = np.linalg.svd(kernel.reshape(-1, layer.filters), compute_uv=False)[0]
        estimated = keras.ops.convert_to_numpy(layer.norm(layer.kernel, training=False))
        assert float(estimated) == pytest.approx(largest, rel=0.01)
    assert macs(network) == macs(discriminator(size=16, width=4))


def test_an_unknown_norm_is_refused():
    with pytest.raises(ValueError, match="'group', 'instance', 'spectral'"):
        discriminator(norm="layer")


# --- at other sizes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "width", "latent_dim"), [(16, 1, 1), (16, 3, 100), (32, 2, 7), (128, 1, 100)])
def test_shapes_and_range_at_any_size_and_width(size, width, latent_dim):
    g = generator(latent_dim=latent_dim, size=size, width=width, norm=True)
    d = discriminator(size=size, width=width, norm=True)
    latents = 30 * np.random.default_rng(0).normal(size=(3, latent_dim)).astype("float32")  # far out: tanh saturates
    pictures = keras.ops.convert_to_numpy(g(latents, training=True))
    assert pictures.shape == (3, size, size, 3)
    assert pictures.dtype == np.float32
    assert np.abs(pictures).max() <= 1
    assert pictures.min() < 0 < pictures.max()
    assert tuple(d(pictures).shape) == (3, 1)


def test_scores_are_logits_of_either_sign_beyond_one():
    engine.seed(0)
    d = discriminator(size=16, width=2)
    pictures = 50 * np.random.default_rng(0).normal(size=(64, 16, 16, 3))
    scores = keras.ops.convert_to_numpy(d(pictures))
    assert scores.min() < 0
    assert scores.max() > 1


def test_dropout_is_what_is_asked_for():
    assert "Dropout 0.1" in described(discriminator(size=16, width=1, dropout=0.1))


@pytest.mark.parametrize("build", [generator, discriminator])
@pytest.mark.parametrize(("size", "width"), [(8, 4), (0, 4), (-16, 4), (24, 4), (65, 4), (512, 4), (64, 0), (64, -1)])
def test_impossible_size_or_width_is_refused(build, size, width):
    with pytest.raises(ValueError, match="size must be a power of two" if width > 0 else "width must be at least 1"):
        build(size=size, width=width)


@pytest.mark.parametrize("norm", [False, True])
def test_bfloat16_networks_still_give_float32(norm):
    with engine.precision_policy("bfloat16"):
        g, d = generator(size=16, width=2, norm=norm), discriminator(size=16, width=2, norm=norm)
    pictures = g(np.zeros((2, 100), "float32"))
    scores = d(pictures)
    assert keras.backend.standardize_dtype(pictures.dtype) == "float32"
    assert keras.backend.standardize_dtype(scores.dtype) == "float32"
    assert {layer.compute_dtype for layer in [*g.layers, *d.layers] if "conv" in layer.name} == {"bfloat16"}


# --- the cost -----------------------------------------------------------------------------------------


def test_multiply_adds_of_the_published_networks_equal_the_sums_by_hand(published):
    # per picture: pixels written (a transposed convolution: read) x kernel x channels in x channels out
    d = (
        64 * 64 * 9 * 3 * 128
        + 32 * 32 * 9 * 128 * 256
        + 16 * 16 * 9 * 256 * 256
        + 8 * 8 * 9 * 256 * 512
        + 8 * 8 * 512 * 1
    )
    g = (
        100 * 4096
        + 4 * 4 * 16 * 256 * 128
        + 8 * 8 * 16 * 128 * 128
        + 16 * 16 * 16 * 128 * 128
        + 32 * 32 * 16 * 128 * 128
        + 64 * 64 * 9 * 128 * 3
    )
    for norm in (False, True):  # batch normalisation multiplies no matrices
        assert engine.macs(published["discriminator", norm]) == d
        assert engine.macs(published["generator", norm]) == g


def test_multiply_adds_counts_layers_inside_layers():
    inner = keras.Sequential([keras.Input((5,)), keras.layers.Dense(7)])
    outer = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5), inner])
    assert engine.macs(outer) == 3 * 5 + 5 * 7


def test_work_of_a_published_step_is_516_billion_multiply_adds(published):
    model = CombinedGAN(published["generator", False], published["discriminator", False])
    assert model.step_macs(128) == pytest.approx(516e9, rel=0.005)
    assert model.step_macs(64) == model.step_macs(128) / 2


def test_work_of_an_alternating_step_counts_its_passes(published):
    g, d = published["generator", False], published["discriminator", False]
    once_g, once_d = engine.macs(g), engine.macs(d)
    # fakes (1 G); D forward and both gradients on real and fake (6 D); then through both (3 G, 2 D)
    assert GAN(g, d).step_macs(10) == 10 * (4 * once_g + 8 * once_d)
