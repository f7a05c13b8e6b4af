"""Figures: every pixel where it belongs, and no file half written."""

import numpy as np
import pytest
from PIL import Image

from artkeras.reporting import figures


def flats(count: int, height: int = 4, width: int = 6) -> np.ndarray:
    """Pictures of one colour each, no two alike and none white."""
    pictures = np.zeros((count, height, width, 3), "uint8")
    for i in range(count):
        pictures[i] = (10 * i, 200 - 10 * i, i)
    return pictures


@pytest.mark.parametrize("columns, scale, gap", [(None, 1, 2), (2, 1, 2), (5, 3, 1), (1, 2, 0)])
def test_each_picture_stands_in_its_row_and_column_and_gaps_between(columns, scale, gap):
    pictures = flats(5)
    figure = np.asarray(figures.grid(pictures, columns, scale=scale, gap=gap))
    columns = columns or 3
    rows = -(-5 // columns)
    height, width = 4 * scale, 6 * scale
    expected = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, "uint8")
    for i in range(5):
        top, left = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        expected[top : top + height, left : left + width] = pictures[i, 0, 0]
    np.testing.assert_array_equal(figure, expected)


def test_enlarging_repeats_pixels_and_invents_none():
    picture = np.random.default_rng(0).integers(0, 256, (1, 4, 6, 3), dtype="uint8")
    figure = np.asarray(figures.grid(picture, scale=3, gap=0))
    np.testing.assert_array_equal(figure, picture[0].repeat(3, 0).repeat(3, 1))


def test_49_pictures_make_the_7_by_7_of_the_study():
    assert figures.grid(np.zeros((49, 8, 8, 3), "uint8")).size == (7 * 10 + 2, 7 * 10 + 2)


def test_a_caption_gets_a_strip_of_its_own_under_the_pictures():
    pictures = flats(4, 40, 60)
    plain, captioned = figures.grid(pictures), figures.grid(pictures, caption="model_2, epoch 3")
    assert captioned.width == plain.width
    assert captioned.height > plain.height
    pixels = np.asarray(captioned)
    np.testing.assert_array_equal(pixels[: plain.height], np.asarray(plain))
    strip = pixels[plain.height :]
    assert (strip < 128).any()
    assert (strip == 255).mean() > 0.5
    other = np.asarray(figures.grid(pictures, caption="model_2, epoch 4"))
    assert (pixels != other).any()


def test_a_caption_wider_than_its_grid_goes_on_in_the_next_line():
    words = "colour_field/model_2, epoch 3, synthetic placeholder"
    narrow, one_line = (
        figures.grid(flats(2, 60, 160), 1, caption=words),
        figures.grid(flats(2, 60, 400), 1, caption=words),
    )
    lines = (narrow.height - figures.grid(flats(2, 60, 160), 1).height) // 18
    assert lines > 1 and one_line.height == figures.grid(flats(2, 60, 400), 1).height + 18
    strips = [np.asarray(narrow)[-18 * i :][:18] < 200 for i in range(lines, 0, -1)]
    assert all(strip.any() and not strip[:, -2:].any() for strip in strips)  # each says something, none runs out


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (4, 4, 3), (0,)])
def test_a_grid_of_nothing_is_refused(shape):
    with pytest.raises(ValueError, match="needs pictures"):
        figures.grid(np.zeros(shape, "uint8"))


def test_a_stack_has_one_picture_under_the_other():
    upper, lower = Image.new("RGB", (4, 2), "red"), Image.new("RGB", (6, 3), "blue")
    expected = np.full((5, 6, 3), 255, "uint8")
    expected[:2, :4], expected[2:] = (255, 0, 0), (0, 0, 255)
    np.testing.assert_array_equal(np.asarray(figures.stack([upper, lower])), expected)


# ------------------------------------------------------------------------------------------ curves


@pytest.mark.parametrize("count, window", [(1, None), (4, None), (7, 3), (40, 1), (600, None), (30, 100)])
def test_the_running_mean_is_that_of_a_loop(count, window):
    values = np.random.default_rng(count).normal(size=count) * 10
    length = window or max(5, count // 50)
    naive = [np.mean(values[max(0, i + 1 - length) : i + 1]) for i in range(count)]
    np.testing.assert_allclose(figures.running_mean(values, window), naive, rtol=0, atol=1e-9)


def columns(epochs: int = 3, steps: int = 4) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    count = epochs * steps
    return {
        "epoch": np.repeat(np.arange(1, epochs + 1), steps),
        "step": np.tile(np.arange(1, steps + 1), epochs),
        **{name: random.random(count) for name in ("d_fake", "d_loss", "d_real", "g_loss")},
    }


def test_curves_show_every_step_and_its_running_mean_losses_above_accuracies():
    from matplotlib import pyplot as plt

    iterations = columns()
    figure = figures.curves(iterations, title="model_2, synthetic placeholder")
    above, below = figure.axes
    assert figure.get_suptitle() == "model_2, synthetic placeholder"
    for axis, names in ((above, ["d_loss", "g_loss"]), (below, ["d_fake", "d_real"])):
        assert [text.get_text() for text in axis.get_legend().get_texts()] == names
        named = {line.get_label(): line for line in axis.get_lines()}
        raw = [line.get_ydata() for line in axis.get_lines() if len(line.get_ydata()) == 12]
        for name in names:
            np.testing.assert_array_equal(named[name].get_xdata(), np.arange(1, 13))
            np.testing.assert_allclose(named[name].get_ydata(), figures.running_mean(iterations[name]))
            assert any(np.array_equal(values, iterations[name]) for values in raw)
        marks = [line.get_xdata()[0] for line in axis.get_lines() if len(line.get_xdata()) == 2]
        assert marks == [4.5, 8.5]  # between the last step of an epoch and the first of the next
    assert (above.get_ylabel(), below.get_ylabel()) == ("loss", "accuracy")
    assert "3 epochs" in below.get_xlabel()
    assert plt.get_fignums() == []  # a notebook would show an open figure twice


def test_losses_alone_make_one_panel():
    iterations = {name: values for name, values in columns().items() if name in ("epoch", "step", "g_loss")}
    assert len(figures.curves(iterations).axes) == 1


def test_a_loss_of_any_name_is_a_loss_and_errors_have_a_panel():
    iterations = {name: values for name, values in columns().items() if name in ("epoch", "step")}
    iterations |= {name: columns()["g_loss"] for name in ("loss", "kl_loss", "reconstruction_loss")}
    epochs = iterations["epoch"][-1]
    errors = ["validation_error", "training_error"]
    history = {"epoch": np.arange(epochs) + 1} | dict.fromkeys(errors, np.full(epochs, 0.1))
    figure = figures.curves(iterations, history)
    assert [axis.get_ylabel() for axis in figure.axes] == ["loss", "error"]
    assert [text.get_text() for text in figure.axes[1].get_legend().get_texts()] == errors


def test_curves_show_the_means_of_each_epoch_and_the_kernel_distance_where_it_was_measured():
    iterations = columns()
    ends = np.flatnonzero(np.diff(iterations["epoch"], append=99)) + 1
    history = {"epoch": np.arange(1, len(ends) + 1), "d_loss": np.full(len(ends), 0.5)}
    history["kid"] = np.where(np.arange(len(ends)) % 2, 0.1, np.nan)
    figure = figures.curves(iterations, history)
    assert [axis.get_ylabel() for axis in figure.axes] == ["loss", "accuracy", "KID"]
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "."]
    assert [line.get_xdata().tolist() for line in dots] == [ends.tolist()]
    (kid,) = figure.axes[2].get_lines()[:1]
    assert kid.get_xdata().tolist() == ends[1::2].tolist()
    history["kid"][:] = np.nan
    assert len(figures.curves(iterations, history).axes) == 2


def test_panels_name_their_pictures():
    images = {"ours": Image.new("RGB", (20, 10)), "theirs": Image.new("RGB", (10, 10))}
    assert [axis.get_title() for axis in figures.panels(images).axes] == ["ours", "theirs"]


# ------------------------------------------------------------------------------------------- files


def test_a_gif_has_every_frame_in_its_colour_runs_for_ever_and_rests_on_the_last(tmp_path):
    frames = [Image.fromarray(flats(4)[0]), *flats(4)[1:]]
    path = figures.gif(frames, tmp_path / "deep" / "walk.gif", milliseconds=80)
    with Image.open(path) as image:
        assert image.n_frames == 4
        assert image.info["loop"] == 0
        durations = []
        for i in range(4):
            image.seek(i)
            durations.append(image.info["duration"])
            shown = np.asarray(image.convert("RGB")).astype(int)
            assert np.abs(shown - flats(4)[i]).max() <= 8
    assert durations == [80, 80, 80, 320]


def test_what_does_not_change_between_frames_does_not_flicker(tmp_path):
    random = np.random.default_rng(0)
    frames = [random.integers(0, 256, (16, 16, 3), dtype="uint8") for _ in range(3)]
    for frame in frames:
        frame[:8] = frames[0][:8]
    with Image.open(figures.gif(frames, tmp_path / "still.gif")) as image:
        shown = []
        for i in range(3):
            image.seek(i)
            shown.append(np.asarray(image.convert("RGB")).astype(int))
    np.testing.assert_array_equal(shown[0][:8], shown[1][:8])
    np.testing.assert_array_equal(shown[0][:8], shown[2][:8])
    assert np.abs(shown[1][8:] - shown[0][8:]).mean() > 20


def test_a_caption_that_grows_by_a_line_is_whole_in_the_animation(tmp_path):
    tiles = np.zeros((1, 64, 64, 3), np.uint8)
    frames = [figures.grid(tiles, caption=caption) for caption in ("epoch 9", "epoch 10, synthetic placeholder")]
    assert frames[0].height < frames[1].height
    with Image.open(figures.gif(frames, tmp_path / "grown.gif")) as image:
        assert image.size == frames[1].size
        first = np.asarray(image.convert("RGB"))
        image.seek(1)
        last = np.asarray(image.convert("RGB"))
    assert (first[frames[0].height :] > 250).all()  # the palette's white
    assert np.abs(last.astype(int) - np.asarray(frames[1])).mean() < 4


def test_a_gif_of_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one frame"):
        figures.gif([], tmp_path / "no.gif")
    assert list(tmp_path.iterdir()) == []


def test_pictures_and_figures_are_saved_as_png(tmp_path):
    image = figures.grid(flats(4))
    with Image.open(figures.save(image, tmp_path / "new" / "grid.png")) as saved:
        assert saved.format == "PNG"
        np.testing.assert_array_equal(np.asarray(saved), np.asarray(image))
    with Image.open(figures.save(figures.curves(columns()), tmp_path / "curves.png")) as saved:
        assert saved.format == "PNG"
        assert saved.width > 500


@pytest.mark.parametrize("name", ["grid.png", "walk.gif"])
def test_a_failure_while_writing_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, name):
    path = tmp_path / name
    path.write_bytes(b"old")

    def save(self, file, **options):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(OSError, match="No space left"):
        if name.endswith(".png"):
            figures.save(figures.grid(flats(4)), path)
        else:
            figures.gif(list(flats(4)), path)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_dots_have_a_row_a_thing_and_none_where_nothing_was_measured():
    figure = figures.dots({"KID": {"a": 0.5, "b": 0.25}, "blur": {"b": 100.0}}, log=["blur"])
    kid, blur = figure.axes
    np.testing.assert_array_equal(kid.collections[0].get_offsets(), [[0.5, 0], [0.25, 1]])
    drawn = np.ma.filled(blur.collections[0].get_offsets().astype(float), np.nan)
    assert np.isnan(drawn[0, 0]) and drawn[1].tolist() == [100, 1]
    assert [label.get_text() for label in kid.get_yticklabels()] == ["a", "b"]
    assert (kid.get_xscale(), blur.get_xscale()) == ("linear", "log") and kid.get_xlim()[0] <= 0
    assert kid.get_ylim()[0] > kid.get_ylim()[1]  # the first stands on top


def test_lines_leave_out_what_was_never_measured():
    nothing = np.zeros(0)
    figure = figures.lines({"a": (np.array([1, 5]), np.array([0.5, 0.3])), "b": (nothing, nothing)}, x="epoch", y="KID")
    (axis,) = figure.axes
    (line,) = axis.lines
    assert (line.get_label(), line.get_xydata().tolist()) == ("a", [[1, 0.5], [5, 0.3]])
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("epoch", "KID")


def test_no_two_of_many_lines_look_the_same():
    line = np.array([1, 10]), np.array([0.5, 0.3])
    (axis,) = figures.lines({str(number): line for number in range(23)}, x="epoch", y="KID", log=True).axes
    assert len({(one.get_color(), one.get_marker()) for one in axis.lines}) == 23
    assert axis.get_xscale() == "log"


def test_histograms_share_their_bins_and_count_everything():
    figure = figures.histograms({"near": np.array([1.0, 1.1, 2.0]), "far": np.array([8.9, 10.0])}, x="distance", bins=9)
    heights = [[bar.get_height() for bar in axis.patches] for axis in figure.axes]
    assert [sum(row) for row in heights] == [3, 2] and [len(row) for row in heights] == [9, 9]
    assert heights[0][0] == 2 and heights[1][-1] == 1 and figure.axes[-1].get_xlabel() == "distance"
