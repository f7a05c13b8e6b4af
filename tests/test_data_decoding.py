"""Decoding: every mode and format becomes the right colour, and broken files are listed."""

from __future__ import annotations

import errno
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from image_files import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    fill,
    message,
    one,
    picture,
    png_of_size,
)
from PIL import Image

from artkeras import data

# ------------------------------------------------------------------------------------------- formats


def rgba(colour, alpha):
    return Image.new("RGBA", (8, 8), (*colour, alpha))


def transparent_palette():
    image = Image.new("P", (8, 8), 1)
    image.putpalette([*BLUE, *RED])
    image.info["transparency"] = 1
    return image


def sixteen_bit(value):
    return Image.fromarray(np.full((8, 8), value, dtype=np.uint16))


def of_values(value, dtype):
    return Image.fromarray(np.full((8, 8), value, dtype=dtype))


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("rgb.png", Image.new("RGB", (8, 8), RED), RED),
        ("one_bit.png", Image.new("1", (8, 8), 1), WHITE),
        ("grey.png", Image.new("L", (8, 8), 77), (77, 77, 77)),
        ("palette.gif", Image.new("RGB", (8, 8), BLUE).convert("P"), BLUE),
        ("clear.png", rgba(RED, 0), WHITE),
        ("half.png", rgba(RED, 128), (255, 127, 127)),
        ("opaque.webp", rgba(BLUE, 255), BLUE),
        ("grey_alpha.png", Image.new("LA", (8, 8), (0, 0)), WHITE),
        ("clear_palette.png", transparent_palette(), WHITE),
        ("cmyk.jpg", Image.new("CMYK", (8, 8), (0, 255, 255, 0)), (254, 0, 0)),
        ("cmyk.tif", Image.new("CMYK", (8, 8), (255, 0, 0, 0)), (0, 255, 255)),
        ("deep.png", sixteen_bit(65535), WHITE),
        ("deep_middle.png", sixteen_bit(100 * 257), (100, 100, 100)),
        ("deep_dark.tif", sixteen_bit(257), (1, 1, 1)),
        ("int.tif", of_values(200, np.int32), (200, 200, 200)),
        ("int_deep.tif", of_values(257 * 30, np.int32), (30, 30, 30)),
        ("float_unit.tiff", of_values(0.2, np.float32), (51, 51, 51)),
        ("float_bytes.tiff", of_values(90.0, np.float32), (90, 90, 90)),
        ("LOUD.BMP", Image.new("RGB", (8, 8), GREEN), GREEN),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_mode_becomes_the_right_colour(folder, name, image, expected):
    image.save(folder / name)
    colour = one(folder).astype(int)
    assert np.abs(colour - np.array(expected)).max() <= 1


def test_palette_with_alpha_and_premultiplied_grey_go_over_white():
    palette = Image.new("PA", (2, 2))
    palette.putpalette([*RED, *BLUE])
    palette.putdata([(1, 0)] * 4)
    assert data.to_rgb(palette).getpixel((0, 0)) == WHITE
    assert data.to_rgb(Image.new("La", (2, 2), (0, 0))).getpixel((0, 0)) == WHITE
    assert data.to_rgb(Image.new("YCbCr", (2, 2), (255, 128, 128))).getpixel((0, 0)) == WHITE


def test_one_value_everywhere_has_no_range_to_be_divided_by():
    with np.errstate(all="raise"):
        assert data.grey_to_uint8(Image.fromarray(np.full((2, 2), -5.0, np.float32))).getextrema() == (0, 0)


def test_values_beyond_sixteen_bits_are_stretched():
    image = Image.fromarray(np.array([[-50.0, 0.0], [50.0, 100_000.0]], dtype=np.float32))
    values = np.asarray(data.to_rgb(image))[..., 0]
    assert values.min() == 0
    assert values.max() == 255


def test_an_animation_gives_its_first_frame(folder):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    frames[0].save(folder / "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(one(folder)[0, 0], RED)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(folder, name, orientation):
    corners = np.zeros((16, 16, 3), dtype=np.uint8)
    corners[:8, :8], corners[:8, 8:], corners[8:, :8] = RED, GREEN, BLUE
    upright = Image.fromarray(corners)
    stored = {2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}  # the inverse of what a viewer does
    for turn in stored.get(orientation, []):
        upright = upright.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright.save(folder / name, exif=exif, **({} if name == "a.png" else {"quality": 95}))
    seen = one(folder, 16)
    for (row, column), colour in {(4, 4): RED, (4, 12): GREEN, (12, 4): BLUE, (12, 12): (0, 0, 0)}.items():
        assert np.abs(seen[row, column].astype(int) - np.array(colour)).max() < 60


def test_a_fine_chequerboard_shrinks_to_grey(folder):
    board = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(folder / "board.png")
    seen = one(folder, 16).astype(int)
    assert np.abs(seen - 127).max() <= 4


def wide() -> Image.Image:
    """Red, green and blue from left to right, three times as wide as high."""
    image = Image.new("RGB", (96, 32), GREEN)
    image.paste(RED, (0, 0, 32, 32))
    image.paste(BLUE, (64, 0, 96, 32))
    return image


def test_stretch_squeezes_everything_in_and_crop_keeps_the_centre(folder):
    wide().save(folder / "wide.png")
    stretched, cropped = one(folder, 16), one(folder, 16, fit="crop")
    for column, colour in ((1, RED), (8, GREEN), (14, BLUE)):
        np.testing.assert_array_equal(stretched[8, column], colour)
    np.testing.assert_array_equal(cropped, np.broadcast_to(np.array(GREEN, dtype=np.uint8), (16, 16, 3)))


def test_a_large_jpeg_is_decoded_small_but_never_below_three_times_the_target(folder, monkeypatch):
    picture(0, (1600, 1200)).resize((1600, 1200)).save(folder / "a.jpg")
    sizes = []
    upright = data.upright
    monkeypatch.setattr(data.decoding, "upright", lambda image: sizes.append(image.size) or upright(image))
    one(folder, 64)
    assert sizes == [(400, 300)]  # a quarter; an eighth would be 200 x 150, below 192


# ---------------------------------------------------------------------------------------- bad files


def test_broken_files_are_listed_and_the_rest_is_read(folder):
    fill(folder, ["good 1.png", "sub/good 2.png"])
    picture(3, (64, 64)).save(folder / "whole.jpg")
    whole = (folder / "whole.jpg").read_bytes()
    (folder / "whole.jpg").unlink()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("not a picture")
    (folder / "no pixels.png").write_bytes(png_of_size(0, 0))
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / "script.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n")
    (folder / ".hidden.jpg").write_text("not a picture")
    (folder / ".thumbnails").mkdir()
    (folder / ".thumbnails" / "x.jpg").write_text("not a picture")
    (folder / "notes.txt").write_text("not a picture")
    for _ in range(2):  # the second time from the cache
        training, _ = data.load("study", 8, folder=folder)
        assert training.names == ("good 1.png", "sub/good 2.png")
        reasons = dict(training.skipped)
        bad = ["cut.jpg", "empty.jpg", "gone.jpg", "no pixels.png", "script.jpg", "text.jpg"]
        assert list(reasons) == bad
        assert all(reason and "\n" not in reason and len(reason) <= 100 for reason in reasons.values())
        assert "truncated" in reasons["cut.jpg"]
        assert "empty" in reasons["empty.jpg"]
        assert any("6 of 8 files skipped" in note for note in training.notes)
        np.testing.assert_array_equal(training.take([6])[0], np.asarray(picture(1)))


def test_a_file_one_may_not_open_is_skipped(folder, monkeypatch):
    fill(folder, ["a.png", "b.png"])

    def guarded(path, *arguments, **settings):
        if os.path.basename(path) == "a.png":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return open(path, *arguments, **settings)

    monkeypatch.setattr(data.folders, "open", guarded, raising=False)
    training, _ = data.load("study", 8, folder=folder)
    assert training.names == ("b.png",)
    assert training.skipped == (("a.png", "Permission denied"),)


def test_all_broken_is_an_error_with_count_and_first_reason(folder):
    (folder / "a.jpg").write_bytes(b"")
    (folder / "b.jpg").write_text("text")
    text = message(data.load, "study", 8, folder=folder)
    assert "none of the 2 pictures" in text
    assert "a.jpg (empty file)" in text
    assert not list((Path(os.environ["ARTKERAS_HOME"])).rglob("*.*"))


def test_missing_and_empty_folders_are_errors(folder, tmp_path):
    (folder / "notes.txt").write_text("no picture")
    assert "no pictures" in message(data.load, "study", 8, folder=folder)
    assert "does not exist" in message(data.load, "study", 8, folder=tmp_path / "nowhere")
    assert "not a folder" in message(data.load, "study", 8, folder=folder / "notes.txt")
    assert "no pictures" in message(data.read, folder, 8)


def test_a_decompression_bomb_is_skipped_without_a_warning(folder, capfd):
    fill(folder, ["a.png"])
    (folder / "bomb.png").write_bytes(png_of_size(100_000, 100_000))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        training, _ = data.load("study", 8, folder=folder)
    assert training.names == ("a.png",)
    assert training.skipped == (("bomb.png", "more than 178 million pixels"),)
    assert not caught
    assert capfd.readouterr() == ("", "")


def test_a_picture_that_pillow_merely_warns_about_is_read_in_silence(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)  # an 8 x 8 picture lies between this and twice this
    fill(folder, ["a.png"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        training, _ = data.load("study", 8, folder=folder)
    assert training.names == ("a.png",)
    assert not caught


def test_order_is_natural_and_links_in_a_circle_end(folder, monkeypatch):
    fill(folder, ["b/1.png", "a10.png", "a2.png", "A3.png"])
    walk = os.walk

    def short_walk(*arguments, **settings):
        for step, found in enumerate(walk(*arguments, **settings)):
            assert step < 5, "walking in a circle"
            yield found

    monkeypatch.setattr(os, "walk", short_walk)
    (folder / "b" / "loop").symlink_to(folder, target_is_directory=True)
    array, names, skipped = data.read(folder, 8)
    assert names == ("a2.png", "A3.png", "a10.png", "b/1.png")
    assert array.shape == (4, 8, 8, 3)
    assert skipped == ()
