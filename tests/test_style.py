"""Style transfer: losses against hand numbers, what moves, presets, sizes, mixtures, the command line."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import style_worker
from PIL import Image
from test_pretrained import real

import artkeras
from artkeras.__main__ import main, parser
from artkeras.cli.arguments import weighted
from artkeras.engine import keras
from artkeras.errors import UserError
from artkeras.models.style import MEAN, STD, gram, squared_distance, total_variation
from artkeras.networks import vgg19
from artkeras.pretrained import style
from artkeras.recipes import Builder

picture = style_worker.picture


def number(x):
    return keras.ops.convert_to_numpy(x)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """The name squeezenet stands for the tiny network, two style layers and all; pictures of any size will do."""
    network = style.Network(Builder("style_worker:features"), 1, (0, 1), 6)
    presets = style.PRESETS["squeezenet"]
    monkeypatch.setitem(style.NETWORKS, "squeezenet", network)
    monkeypatch.setitem(
        style.PRESETS, "squeezenet", {name: replace(p, style_weights=(20.0, 5.0)) for name, p in presets.items()}
    )
    monkeypatch.setattr(style, "COARSEST", 24)


@pytest.fixture(scope="module")
def transfer():
    """One compiled model for all tests: each begins with `start`."""
    return style_worker.model()


def stylized(content=None, painting=None, **options):
    content = picture() if content is None else content
    painting = picture(30, 30, 2.0) if painting is None else painting
    return list(artkeras.stylize(content, painting, **{"size": 24, "steps": 4, "every": 2, **options}))


# --- the losses -----------------------------------------------------------------------------------------------


def test_gram_is_that_of_hand():
    features = np.array([[[[1, 2], [3, 4]]]], "float32")  # two places, two channels
    np.testing.assert_allclose(number(gram(features)), np.array([[10, 14], [14, 20]]) / (1 * 2 * 2))


def test_gram_does_not_depend_on_the_size_of_a_picture():
    features = np.random.default_rng(0).normal(size=(1, 4, 5, 3)).astype("float32")
    larger = np.tile(features, (1, 2, 3, 1))
    np.testing.assert_allclose(number(gram(larger)), number(gram(features)), rtol=1e-5)


def test_total_variation_is_that_of_hand():
    one = np.array([[0, 1], [3, 7]], "float32")[None, :, :, None]
    assert float(total_variation(one)) == (3**2 + 6**2) + (1**2 + 4**2)
    assert float(total_variation(np.concatenate([one, one], axis=-1))) == 2 * 62
    assert float(total_variation(np.full((1, 5, 6, 3), 4.0, "float32"))) == 0


def test_squared_distance_is_a_sum():
    assert float(squared_distance(np.full((1, 2, 3), 3.0), np.ones((1, 2, 3)))) == 24


def test_a_picture_has_no_style_loss_with_itself_and_no_content_loss():
    model = style_worker.model(moving=False)
    painting = picture(phase=1.0)
    model.aim(painting, [(painting, 3.0)])
    model.start(painting)
    _, own = model.terms(style_worker.WEIGHTS)
    assert own.keys() == {"content", "tv", "style_0", "style_1"}
    model.start(picture())
    _, other = model.terms(style_worker.WEIGHTS)
    for name in ("content", "style_0", "style_1"):
        assert float(own[name]) < 1e-8 * float(other[name])
    assert model.strengths()[1:] == pytest.approx(
        [float(other[f"style_{i}"]) / w for i, w in enumerate((20, 5))], rel=100
    )


def test_mixed_grams_have_the_gradient_of_mixed_losses(transfer):
    """So the two differ by the same number whatever the picture."""
    paintings = [picture(30, 30, 2.0), picture(26, 40, 4.0)]
    sets = {"mixed": list(zip(paintings, (3, 1))), "one": [(paintings[0], 1)], "other": [(paintings[1], 1)]}
    found = {}
    for name, chosen in sets.items():
        transfer.aim(picture(), chosen)
        for phase in (0.0, 1.0):
            transfer.start(picture(phase=phase))
            found[name, phase] = float(transfer.terms((0, 0, 20.0, 5.0))[0])
    gaps = [0.75 * found["one", p] + 0.25 * found["other", p] - found["mixed", p] for p in (0.0, 1.0)]
    assert gaps[0] == pytest.approx(gaps[1], rel=1e-3) and gaps[0] > 0
    assert abs(found["mixed", 0.0] - found["mixed", 1.0]) > 10 * abs(gaps[0] - gaps[1])


# --- the step -------------------------------------------------------------------------------------------------


def test_a_step_moves_the_picture_and_nothing_else(transfer):
    transfer.aim(picture(), [(picture(30, 30, 2.0), 1.0)])
    transfer.start(picture())
    before = {v.path: number(v.value).copy() for v in transfer.all_variables()}
    style_worker.step(transfer)
    moved = {v.path for v in transfer.all_variables() if not np.array_equal(number(v.value), before[v.path])}
    optimizer = transfer.optimizer_of_picture
    adam = {v.path for v in optimizer.variables} - {optimizer.learning_rate.path}
    assert moved == {transfer.picture.path} | adam
    assert transfer.trainable_variables == [transfer.picture]
    assert len(before) == 1 + 1 + 2 + 4 + 4  # picture, content, two styles; the network; Adam's


def test_steps_go_downhill_within_what_a_screen_can_show(transfer):
    transfer.aim(picture(), [(picture(30, 30, 2.0), 1.0)])
    transfer.start(picture(phase=2.5))
    transfer.set_rate(0.1)
    losses = [style_worker.step(transfer, place)["loss"] for place in transfer.places]
    assert losses[-1] < 0.75 * losses[0]
    transfer.set_rate(3.0)
    style_worker.step(transfer)
    rgb = number(transfer.picture) * STD + MEAN
    assert rgb.min() == pytest.approx(0, abs=1e-6) and rgb.max() == pytest.approx(1)


def test_a_fresh_start_forgets(transfer):
    runs = []
    for _ in range(2):
        transfer.aim(picture(), [(picture(30, 30, 2.0), 1.0)])
        transfer.start(picture())
        transfer.set_rate(0.1)
        runs.append([style_worker.step(transfer) for _ in range(3)])
    assert runs[0] == runs[1]


def test_the_window_takes_every_place_and_the_picture_keeps_its_pixels(transfer):
    assert {tuple(place) for place in transfer.places.tolist()} == set(np.ndindex(4, 4))
    transfer.start(picture(phase=3.0))
    assert np.array_equal(transfer.shown(), picture(phase=3.0))
    still = style_worker.model(moving=False)
    assert still.places.tolist() == [[0, 0]] and still.picture.shape == (1, 20, 24, 3)


# --- settings -------------------------------------------------------------------------------------------------


def test_presets_are_the_reports_and_ours():
    published = style.PUBLISHED
    assert (published.content_weight, published.tv_weight) == (0.03, 2)
    assert published.style_weights == (200_000, 800, 12, 1)
    assert (published.steps, published.rates, published.turn) == (200, (3.0, 0.1), 0.9)
    assert published.area is None and not published.moving
    assert style.PRESETS["squeezenet"]["published-0-1"] == replace(
        style.PRESETS["squeezenet"]["published"], tv_weight=pytest.approx(0.10125)
    )


def test_networks_look_where_the_papers_do(monkeypatch):
    monkeypatch.undo()
    squeezenet, vgg = style.NETWORKS["squeezenet"], style.NETWORKS["vgg19"]
    assert (squeezenet.content, squeezenet.style) == (3, (1, 4, 6, 7))
    assert vgg.content == "block4_conv2" and vgg.style[0] == "block1_conv1"
    for name, network in style.NETWORKS.items():
        for preset in style.PRESETS[name].values():
            assert len(preset.style_weights) == len(network.style)


def test_what_is_given_wins_over_the_preset():
    _, chosen = style.settle("squeezenet", "clean", 1, (3, 4), 0, 7)
    assert (chosen.content_weight, chosen.style_weights, chosen.tv_weight, chosen.steps) == (1, (3, 4), 0, 7)
    assert style.settle("squeezenet", "clean")[1] == style.PRESETS["squeezenet"]["clean"]


def test_weights_are_for_an_area_or_for_relative_losses(transfer):
    settings = style.Preset(1.0, (2.0, 4.0), 8.0, area=100)
    np.testing.assert_allclose(style._weights(settings, transfer, 200), [0.5, 4, 2, 4])
    np.testing.assert_allclose(style._weights(replace(settings, area=None), transfer, 200), [1, 8, 2, 4])
    strengths = transfer.strengths()
    assert (strengths > 0).all()
    relative = style._weights(replace(settings, relative=True), transfer, 200)
    np.testing.assert_allclose(relative, [1 / strengths[0], 4, 2 / strengths[1], 4 / strengths[2]], rtol=1e-5)


def test_larger_pictures_are_made_at_smaller_sizes_first(monkeypatch):
    monkeypatch.undo()
    assert [style.scales(size) for size in (1, 256, 257, 512)] == [[1], [256], [128, 257], [256, 512]]
    assert style.scales(1100) == [137, 275, 550, 1100]


# --- stylize --------------------------------------------------------------------------------------------------


def test_iterates_come_every_so_often_and_at_the_end_of_each_size():
    found = stylized(picture(30, 60), size=48, steps=5, every=2)
    assert [(i.step, i.steps, i.picture.shape) for i in found] == [
        (2, 7, (12, 24, 3)),
        (4, 7, (12, 24, 3)),
        (5, 7, (12, 24, 3)),
        (6, 7, (24, 48, 3)),
        (7, 7, (24, 48, 3)),
    ]
    assert all(i.picture.dtype == np.uint8 for i in found)
    assert found[0].losses.keys() == {"loss", "content", "tv", "style_0", "style_1"}
    parts = [value for name, value in found[0].losses.items() if name != "loss"]
    assert found[0].losses["loss"] == pytest.approx(sum(parts), rel=1e-5)


def test_sizes_too_small_for_the_network_are_left_out():
    found = stylized(picture(16, 100), size=48, steps=2, every=9)
    assert [i.picture.shape for i in found] == [(8, 48, 3)]


def test_the_learning_rate_turns(monkeypatch):
    rates = []
    monkeypatch.setattr("artkeras.models.style.StyleTransfer.set_rate", lambda self, rate: rates.append(rate))
    stylized(steps=10)
    assert rates == [0.1, 0.02]
    stylized(steps=1)
    assert rates[2:] == [0.1]


def test_noise_is_seeded():
    one, same, other = (stylized(initial="noise", seed=seed)[0].picture for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_colours_are_kept():
    last = stylized(keep_colour=True, steps=8)[-1].picture
    before, after = (np.asarray(Image.fromarray(p).convert("YCbCr"), float) for p in (picture(), last))
    inside = (last > 0).all(-1) & (last < 255).all(-1)  # beyond, a screen has no such colour
    assert inside.mean() > 0.3
    assert np.abs(after - before)[inside][:, 1:].mean() < 1
    assert np.abs(after - before)[inside][:, 0].mean() > 3
    assert np.abs(stylized(steps=8)[-1].picture.astype(float) - last).mean() > 3


def test_styles_are_mixed_by_weight():
    two = [(picture(30, 30, 2.0), 3), (picture(30, 30, 4.0), 1)]
    mixed, alike = stylized(painting=two), stylized(painting=[(p, 2 * w) for p, w in two])
    alone = stylized(painting=two[0][0])
    assert np.array_equal(mixed[-1].picture, alike[-1].picture)
    assert not np.array_equal(mixed[-1].picture, alone[-1].picture)
    equal = [stylized(painting=given)[-1].picture for given in ([p for p, _ in two], [(p, 5) for p, _ in two])]
    assert np.array_equal(*equal)


def test_two_at_once_do_not_share_a_model():
    alone = stylized()[-1].picture
    both = [artkeras.stylize(picture(), picture(30, 30, p), size=24, steps=4, every=2) for p in (2.0, 5.0)]
    *_, (first, second) = zip(*both, strict=True)
    assert np.array_equal(first.picture, alone) and not np.array_equal(first.picture, second.picture)


def test_models_are_kept_for_the_next_picture_of_the_same_size():
    stylized()
    kept = dict(style._idle)
    stylized(picture(phase=2.0))
    assert style._idle == kept and len(kept) <= style.KEPT


def test_pictures_are_paths_pillows_or_arrays():
    Image.fromarray(picture()).save("content.png")
    found = [stylized(p)[-1].picture for p in ("content.png", Path("content.png"), Image.open("content.png"))]
    assert all(np.array_equal(p, stylized()[-1].picture) for p in found)


def test_frames_have_one_size():
    found = style.frames(stylized(picture(30, 60), size=48), longest=40)
    assert {frame.size for frame in found} == {(40, 20)}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"content": "nowhere.png"}, r"cannot read the picture nowhere\.png \(no such file\)"),
        ({"painting": []}, "a style is missing"),
        ({"painting": 3}, "the style must be a path, a Pillow picture or an array, not int"),
        ({"painting": [(picture(), 0)]}, "above 0, not 0"),
        ({"painting": [(picture(), float("nan"))]}, "above 0, not nan"),
        ({"content": picture().astype("float32")}, r"must be \(height, width, 3\) uint8"),
        ({"content": picture()[..., 0]}, r"must be \(height, width, 3\) uint8"),
        ({"content": picture(1, 1)}, "the content has 1 x 1 pixels: it takes at least 16"),
        ({"painting": picture(16, 15)}, "the style has 15 x 16 pixels"),
        ({"content": picture(16, 160)}, "160 x 16 pixels becomes 24 x 2"),
        ({"painting": picture(16, 160)}, "160 x 16 pixels becomes 24 x 2"),
        ({"preset": "pretty"}, "preset 'pretty' is unknown for squeezenet: choose one of published, published-0-1"),
        ({"net": "vgg19", "preset": "published"}, "unknown for vgg19: choose one of clean"),
        ({"net": "resnet"}, "network 'resnet' is unknown"),
        ({"initial": "black"}, "choose content or noise"),
        ({"style_weights": (1, 1, 1)}, r"2 style layers \(0, 1\): give as many style weights, not 3"),
        ({"style_weights": (1, -1)}, "at least 0, not -1"),
        ({"tv_weight": float("inf")}, "at least 0, not inf"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"every": 0}, "at least 1"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else None,
)
def test_arguments_are_checked_at_once(arguments, reason):
    arguments = {"content": picture(), "painting": picture(), "size": 24, **arguments}
    with pytest.raises(UserError, match=reason) as caught:
        artkeras.stylize(arguments.pop("content"), arguments.pop("painting"), **arguments)
    assert "\n" not in str(caught.value)


# --- VGG19 ----------------------------------------------------------------------------------------------------


@pytest.fixture
def small_vgg(monkeypatch):
    monkeypatch.setitem(style.NETWORKS, "vgg19", replace(style.NETWORKS["vgg19"], smallest=16))


def test_vgg19_that_cannot_be_fetched_is_one_line(monkeypatch, small_vgg):
    def unreachable(**options):
        raise Exception("URL fetch failure on https://...\n[Errno -2] Name or service not known")

    monkeypatch.setattr(keras.applications, "VGG19", unreachable)
    with pytest.raises(UserError, match=r"weights of VGG19 cannot be had .* choose squeezenet") as caught:
        stylized(picture(40, 40), picture(40, 40), net="vgg19", size=24)
    assert "\n" not in str(caught.value)


def test_vgg19_gives_the_layers_asked_for_frozen(monkeypatch, small_vgg):
    asked = {}

    def small(**options):
        asked.update(options)
        x = inputs = keras.Input((None, None, 3))
        for name in ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block4_conv2", "block5_conv1"):
            x = keras.layers.Conv2D(2, 3, padding="same", activation="relu", name=name)(x)
        return keras.Model(inputs, x)

    monkeypatch.setattr(keras.applications, "VGG19", small)
    found = stylized(picture(40, 40), picture(40, 40), net="vgg19", size=24, steps=2)[-1]
    assert asked == {"include_top": False, "weights": "imagenet"}
    assert found.losses.keys() == {"loss", "content", "tv", *(f"style_block{i}_conv1" for i in range(1, 6))}
    model = vgg19.features(["block4_conv2"])
    assert list(model.output) == ["block4_conv2"] and model.trainable_variables == []


# --- SqueezeNet -----------------------------------------------------------------------------------------------


def test_high_early_weights_give_stronger_styling_on_the_real_network(monkeypatch):
    """The report's claim, by the distance of the result's Gram matrices from the style's."""
    path = real("squeezenet")
    monkeypatch.undo()
    build = Builder("artkeras.networks.squeezenet:features", weights=path)
    monkeypatch.setitem(style.NETWORKS, "squeezenet", replace(style.NETWORKS["squeezenet"], build=build))
    content, painting = picture(64, 64), picture(64, 64, 2.0)
    distances = {}
    for weights in ((1, 1, 1, 1), (200_000, 800, 12, 1)):
        *_, last = artkeras.stylize(content, painting, style_weights=weights, size=64, steps=20)
        distances[weights] = [last.losses[f"style_{i}"] / w for i, w in zip((1, 4, 6, 7), weights, strict=True)]
    flat, early = distances.values()
    assert early[0] < 0.5 * flat[0] and early[1] < flat[1]


# --- the command line -----------------------------------------------------------------------------------------


@pytest.fixture
def files():
    Image.fromarray(picture()).save("content.png")
    Image.fromarray(picture(30, 30, 2.0)).save("one.png")
    Image.fromarray(picture(30, 30, 4.0)).save("two.png")


def test_the_command_writes_a_picture_and_an_animation(files, capsys):
    arguments = ["stylize", "content.png", "one.png:3", "two.png", "--size", "24", "--steps", "12"]
    assert main([*arguments, "--out", "new/styled.png", "--gif", "styled.gif"]) == 0
    assert capsys.readouterr().out == f"wrote {Path('new/styled.png')} and styled.gif\n"
    pairs = [("one.png", 3.0), ("two.png", 1.0)]
    *_, last = artkeras.stylize("content.png", pairs, size=24, steps=12)
    with Image.open("new/styled.png") as written, Image.open("styled.gif") as animation:
        assert np.array_equal(np.asarray(written), last.picture)
        assert (animation.n_frames, animation.size) == (2, (24, 20))


def test_ctrl_c_writes_what_there_is(files, capsys, monkeypatch):
    iterates = style.stylize

    def interrupted(*arguments, **options):
        yield from list(iterates(*arguments, **options))[:1]
        raise KeyboardInterrupt

    monkeypatch.setattr(style, "stylize", interrupted)
    assert main(["stylize", "content.png", "one.png", "--size", "24", "--steps", "30", "--out", "early.png"]) == 130
    assert capsys.readouterr().err.strip() == "artkeras: stopped after 10 of 30 steps: wrote early.png"
    assert Image.open("early.png").size == (24, 20)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere.png", "one.png"], "cannot read the picture nowhere.png (no such file)"),
        (["content.png", "nowhere.png:2"], "cannot read the picture nowhere.png (no such file)"),
        (["text.png", "one.png"], "cannot read the picture text.png (not a picture, or a damaged one)"),
        ([".", "one.png"], "cannot read the picture . (a folder)"),
        (["content.png", "one.png:much"], "the weight in 'one.png:much': 'much' is not a number above 0"),
        (["content.png", "one.png:0"], "'0' is not a number above 0"),
        (["dot.png", "one.png"], "the content dot.png has 1 x 1 pixels"),
        (["content.png", "dot.png"], "the style dot.png has 1 x 1 pixels"),
        (["content.png"], "STYLE"),
        (["content.png", "one.png", "--style-weights", "1,1,1"], "give as many style weights, not 3"),
        (["content.png", "one.png", "--style-weights", "1,x"], "'x' is not a number of at least 0"),
        (["content.png", "one.png", "--content-weight", "-1"], "--content-weight: '-1' is not a number"),
        (["content.png", "one.png", "--tv-weight", "inf"], "'inf' is not a number of at least 0"),
        (["content.png", "one.png", "--out", "one.png"], "would take the place of one.png: give another --out"),
        (["content.png", "one.png", "--out", "one.png/styled.png"], "cannot be written: "),
        (["content.png", "one.png", "--gif", "one.png/styled.gif"], "cannot be written: "),
        (["content.png", "one.gif", "--gif", "one.gif"], "would take the place of one.gif: give another --gif"),
        (["content.png", "one.png", "--size", "4"], "choose a larger size"),
        (["content.png", "one.png", "--net", "vgg19", "--preset", "published"], "unknown for vgg19"),
        (["content.png", "one.png", "--out", "styled.jpg"], "does not end in .png"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_one_line(files, capsys, arguments, reason):
    Path("text.png").write_text("no picture")
    Image.new("RGB", (1, 1)).save("dot.png")
    Image.new("RGB", (64, 64)).save("one.gif")
    try:
        status = main(["stylize", *arguments])
    except SystemExit as left:  # argparse
        status = left.code
    err = capsys.readouterr().err
    assert status == 2 and err.count("\n") == 1 and err.startswith("artkeras: ") and reason in err
    assert not Path("styled.png").exists()


def test_slips_are_answered_without_loading_keras(files):
    code = """
import sys
from artkeras.__main__ import main
for more in (["nowhere.png"], ["one.png", "--style-weights", "1,1"], ["one.png", "--size", "20"]):
    assert main(["stylize", "content.png", *more]) == 2
assert "keras" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_choices_are_those_of_the_tables(monkeypatch):
    monkeypatch.undo()
    (commands,) = (action for action in parser()._actions if action.dest == "command")
    actions = {action.dest: action for action in commands.choices["stylize"]._actions}
    assert list(actions["net"].choices) == list(style.NETWORKS)
    assert list(actions["preset"].choices) == list(style.PRESETS["squeezenet"])
    assert actions["size"].default == style.COARSEST


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a.png", ("a.png", 1.0)),
        ("a.png:2.5", ("a.png", 2.5)),
        (r"C:\x.png", (r"C:\x.png", 1.0)),
        (r"C:\x.png:2", (r"C:\x.png", 2.0)),
        ("d:/x.png:0.5", ("d:/x.png", 0.5)),
        ("d:/x.png", ("d:/x.png", 1.0)),
        ("there:2", ("there:2", 1.0)),
    ],
)
def test_a_style_has_a_weight_after_a_colon(text, meant):
    if sys.platform != "win32":  # where no file has a colon in its name
        Path("there:2").touch()
    elif text == "there:2":
        pytest.skip("no such file can be")
    assert weighted(text) == meant
