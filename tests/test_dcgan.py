"""The networks of studies 2 to 5c: layer by layer, their totals added up by hand, their first weights."""

import math

import numpy as np
import pytest

from artkeras import engine
from artkeras.engine import keras
from artkeras.errors import UserError
from artkeras.networks import dcgan, infogan
from artkeras.recipes import RECIPES

STUDIES = ("abstract", "japanese_art", "artworks")
NAMES = [
    name
    for name, recipe in RECIPES.items()
    if recipe.study in STUDIES and recipe.task == "generation" and recipe.published
]

# weights of a 4 x 4 convolution from a to b channels; what batch normalisation keeps of one channel
TAPS, NORM = 16, 4

# --- totals: (generator, discriminator) by recipe, from the input's layer to the output's -----------------

STUDY_2 = (
    TAPS * (100 * 1024 + 1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) + NORM * (1024 + 512 + 256 + 128),
    TAPS * (3 * 64 + 64 * 128 + 128 * 256) + 25 * 256 * 512 + TAPS * 512 * 1 + NORM * (128 + 256 + 512),
)
STUDY_3 = (
    TAPS * (128 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3)
    + (512 + 256 + 128 + 64 + 3)
    + NORM * (512 + 256 + 128 + 64),
    TAPS * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512)
    + (64 + 128 + 256 + 512)
    + NORM * (128 + 256 + 512)
    + (4 * 4 * 512 + 1),
)
# two dense layers of 1,024: before the projection, and before the score
STUDY_3_DENSE = (
    STUDY_3[0] + (128 * 1024 + 1024) + (1024 * 1024 + 1024) + TAPS * (1024 - 128) * 512,
    STUDY_3[1] - (8192 + 1) + (8192 * 1024 + 1024) + (1024 * 1024 + 1024) + (1024 + 1),
)
STUDY_4 = (
    TAPS * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + NORM * (512 + 256 + 128 + 64),
    TAPS * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 1) + NORM * (128 + 256 + 512),
)
STUDY_5C = (
    TAPS * (100 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + (512 + 256 + 128 + 64 + 3),
    TAPS * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + (64 + 128 + 256 + 512) + (4 * 4 * 512 + 1),
)
TOTALS = {
    "abstract/dcgan": STUDY_2,
    "abstract/linear_bce": STUDY_3_DENSE,
    "abstract/infogan_bce": STUDY_3,
    "abstract/lsgan": STUDY_3,
    "japanese_art/v1": STUDY_4,
    "japanese_art/v2": STUDY_4,
    "japanese_art/v3": STUDY_4,
    "artworks/vanilla_gan": STUDY_5C,
}


def test_the_sums_by_hand_are_the_totals_that_were_written_down():
    assert STUDY_3 == (3_808_963, 2_768_321)
    assert STUDY_4 == (3_578_624, 2_767_360)
    # PyTorch leaves the moving statistics out
    assert [total - 2 * norms for total, norms in zip(STUDY_4, (960, 896))] == [3_576_704, 2_765_568]


@pytest.fixture(scope="module")
def published():
    """The networks at their published size, by recipe: (generator, discriminator). Equal ones are built once."""
    engine.seed(0)
    built, found = {}, {}
    for name in NAMES:
        recipe = RECIPES[name]
        for player in ("generator", "discriminator"):
            key = repr(recipe.networks[player])
            built[key] = built.get(key) or recipe.network(player)
        found[name] = tuple(built[repr(recipe.networks[player])] for player in ("generator", "discriminator"))
    return found


def test_every_recipe_has_a_total():
    assert list(TOTALS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_totals_and_shapes(published, name):
    g, d = published[name]
    assert (g.count_params(), d.count_params()) == TOTALS[name]
    assert g.input_shape == (None, 128 if g.count_params() in (STUDY_3[0], STUDY_3_DENSE[0]) else 100)
    assert g.output_shape == d.input_shape == (None, 64, 64, 3)
    assert d.output_shape == (None, 1)
    assert g.output.dtype == d.output.dtype == "float32"


# --- layer by layer -----------------------------------------------------------------------------------------


def described(network) -> str:
    """A network in one line."""
    words = []
    for layer in network.layers:
        kind = type(layer).__name__
        if kind in ("Conv2D", "Conv2DTranspose"):
            size, stride = layer.kernel_size[0], layer.strides[0]
            where = "" if layer.padding == "same" else " valid"
            words.append(f"{kind[:4] + kind[6:7]} {layer.filters} {size}x{size} s{stride}{where}")
            assert layer.activation is keras.activations.linear
        elif kind == "Dense":
            words.append(f"Dense {layer.units}")
        elif kind == "LeakyReLU":
            words.append(f"LeakyReLU {layer.negative_slope:.1f}")
        elif kind == "BatchNormalization":
            words.append("BN")
        elif kind == "Activation":
            words.append(layer.activation.__name__)
        elif kind not in ("InputLayer", "Reshape"):
            words.append(kind)
    return ", ".join(words)


def doubled(filters: list[int], act: str, norm: str = "BN, ") -> str:
    first, *others = filters
    later = "".join(f"ConvT {n} 4x4 s2, {norm}{act}, " for n in others)
    return f"ConvT {first} 4x4 s1 valid, {norm}{act}, {later}ConvT 3 4x4 s2, tanh"


HALVED = (
    "Conv 64 4x4 s2, LeakyReLU 0.2, Conv 128 4x4 s2, BN, LeakyReLU 0.2, Conv 256 4x4 s2, BN, LeakyReLU 0.2, "
    "Conv 512 4x4 s2, BN, LeakyReLU 0.2, "
)
FULL = [512, 256, 128, 64]


@pytest.mark.parametrize(
    ("name", "generator", "discriminator"),
    [
        (
            "abstract/dcgan",
            doubled([1024, 512, 256, 128], "ReLU"),
            "Conv 64 4x4 s2, LeakyReLU 0.2, Conv 128 4x4 s2, LeakyReLU 0.2, BN, Conv 256 4x4 s2, LeakyReLU 0.2, BN, "
            "Conv 512 5x5 s2, LeakyReLU 0.2, BN, Conv 1 4x4 s1 valid, Flatten",
        ),
        (
            "abstract/linear_bce",
            "Dense 1024, ReLU, Dense 1024, ReLU, " + doubled(FULL, "ReLU"),
            HALVED + "Flatten, Dense 1024, LeakyReLU 0.2, Dense 1024, LeakyReLU 0.2, Dense 1",
        ),
        ("abstract/lsgan", doubled(FULL, "ReLU"), HALVED + "Flatten, Dense 1"),
        ("japanese_art/v1", doubled(FULL, "ReLU"), HALVED + "Conv 1 4x4 s1 valid, Flatten"),
        ("japanese_art/v2", doubled(FULL, "LeakyReLU 0.2"), HALVED + "Conv 1 4x4 s1 valid, Flatten"),
        ("artworks/vanilla_gan", doubled(FULL, "ReLU", ""), HALVED.replace("BN, ", "") + "Flatten, Dense 1"),
    ],
)
def test_layer_by_layer(published, name, generator, discriminator):
    assert [described(network) for network in published[name]] == [generator, discriminator]


def test_batch_norm_has_pytorchs_values(published):
    for name in ("abstract/dcgan", "abstract/lsgan", "japanese_art/v1"):
        for network in published[name]:
            norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
            assert {(layer.momentum, layer.epsilon) for layer in norms} == {(0.9, 1e-5)}


# --- first weights ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["abstract/dcgan", "japanese_art/v1"])
def test_dcgan_weights_start_normal(published, name):
    for network in published[name]:
        for variable in network.trainable_variables:
            values, kind = keras.ops.convert_to_numpy(variable), variable.path.rsplit("/", 1)[-1]
            if kind == "beta":
                assert not values.any()
                continue
            error = 5 * 0.02 / math.sqrt(values.size)  # five standard errors
            assert values.mean() == pytest.approx(1 if kind == "gamma" else 0, abs=error)
            assert values.std() == pytest.approx(0.02, abs=error)


def test_lsgan_weights_start_uniform_within_one_over_the_root_of_pytorchs_fan_in(published):
    for network in published["abstract/lsgan"]:
        for layer in network.layers:
            if not hasattr(layer, "kernel"):
                continue
            shape = layer.kernel.shape  # height, width, in, out; of a transposed one height, width, out, in
            bound = 1 / math.sqrt(math.prod(shape[:3]) if len(shape) == 4 else shape[0])
            kernel, bias = (keras.ops.convert_to_numpy(v) for v in (layer.kernel, layer.bias))
            assert 0.99 * bound < np.abs(kernel).max() <= bound
            assert kernel.std() == pytest.approx(bound / math.sqrt(3), rel=0.03)
            assert 0 < np.abs(bias).max() <= bound
            assert bias.size < 64 or np.abs(bias).max() > 0.9 * bound


def test_no_two_layers_start_alike(published):
    kernels = [v for v in published["abstract/lsgan"][0].trainable_variables if len(v.shape) == 4]
    first = [keras.ops.convert_to_numpy(v).ravel()[:8] for v in kernels]
    ranks = {tuple(np.argsort(values)) for values in first}
    assert len(ranks) == len(kernels)


# --- other sizes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [dcgan, infogan])
@pytest.mark.parametrize("size", [16, 32, 256])
def test_any_power_of_two(build, size):
    g, d = build.generator(size=size, width=1), build.discriminator(size=size, width=1)
    latents = np.random.default_rng(0).normal(size=(2, g.input_shape[-1])).astype("float32")
    pictures = g(latents, training=True)
    assert tuple(pictures.shape) == (2, size, size, 3)
    assert float(keras.ops.max(keras.ops.abs(pictures))) <= 1
    assert tuple(d(pictures).shape) == (2, 1)
    # the thinnest layers next to the pictures, eight times as many filters at most
    filters = [layer.filters for layer in d.layers if isinstance(layer, keras.layers.Conv2D)]
    assert filters[: int(math.log2(size)) - 2] == [min(8, 2**k) for k in range(int(math.log2(size)) - 2)]


@pytest.mark.parametrize("build", [dcgan.generator, dcgan.discriminator, infogan.generator, infogan.discriminator])
@pytest.mark.parametrize("size", [8, 48, 512, 0, -32])
def test_an_impossible_size_or_width_is_refused(build, size):
    with pytest.raises(UserError, match=f"power of two from 16 to 256, not {size}"):
        build(size=size)
    with pytest.raises(UserError, match="width must be at least 1, not 0"):
        build(width=0)


def test_unknown_names_are_refused():
    with pytest.raises(UserError, match="'convolution' or 'dense', not 'flat'"):
        dcgan.discriminator(head="flat", width=1)
    with pytest.raises(UserError, match="'relu' or 'leaky_relu', not 'elu'"):
        dcgan.generator(activation="elu", width=1)
    with pytest.raises(UserError, match="'dcgan', 'pytorch', 'keras', not 'torch'"):
        dcgan.discriminator(weights="torch", width=1)


def test_bfloat16_networks_still_give_float32():
    with engine.precision_policy("bfloat16"):
        pairs = [
            (infogan.generator(size=16, width=1, dense=1), infogan.discriminator(size=16, width=1, dense=1)),
            (dcgan.generator(size=16, width=1), dcgan.discriminator(size=16, width=1)),
        ]
    for g, d in pairs:
        pictures = g(np.zeros((2, g.input_shape[-1]), "float32"))
        assert keras.backend.standardize_dtype(pictures.dtype) == "float32"
        assert keras.backend.standardize_dtype(d(pictures).dtype) == "float32"
        convolutions = {layer.compute_dtype for layer in g.layers if "conv" in layer.name}
        assert convolutions == {"bfloat16"}
