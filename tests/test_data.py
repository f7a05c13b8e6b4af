"""Pictures: read right whatever their format, grouped by painting, chosen and cached without surprises."""

from __future__ import annotations

import errno
import json
import os
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artkeras import data, files, pairs
from artkeras.errors import UserError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No test sees or touches the user's pictures or cache."""
    monkeypatch.setenv("ARTKERAS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ARTKERAS_DATA", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "pictures" / "study"
    place.mkdir(parents=True)
    return place


def picture(number: int, size: tuple[int, int] = (8, 8)) -> Image.Image:
    """A random picture that looks the same in each test."""
    rng = np.random.default_rng(number)
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def fill(folder: Path, names) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture(number).save(folder / name)


def one(folder: Path, size: int = 8, **settings) -> np.ndarray:
    """The only picture of a folder."""
    training, _ = data.load("study", size, folder=folder, expand=False, **settings)
    assert len(training) == 1
    return training.take([0])[0]


def message(call, *arguments, **settings) -> str:
    """The message of the UserError that a call raises; it must be one line."""
    with pytest.raises(UserError) as caught:
        call(*arguments, **settings)
    text = str(caught.value)
    assert text
    assert "\n" not in text
    return text


# -------------------------------------------------------------------------------------------- copies


def test_the_six_copies_are_those_of_pil_in_the_published_order(folder):
    fill(folder, ["a.png", "b.png"])
    training, held = data.load("study", 8, folder=folder)
    assert held is None
    assert len(training) == 12
    assert training.copies == 6
    turns = [
        None,
        *(
            getattr(Image.Transpose, name)
            for name in ("FLIP_LEFT_RIGHT", "FLIP_TOP_BOTTOM", "ROTATE_90", "ROTATE_180", "ROTATE_270")
        ),
    ]
    expected = [
        np.asarray(picture(number) if turn is None else picture(number).transpose(turn))
        for number in (0, 1)
        for turn in turns
    ]
    taken = training.take(range(12))
    assert taken.dtype == np.uint8
    np.testing.assert_array_equal(taken, np.stack(expected))
    np.testing.assert_array_equal(training.take([10, 3, 3]), np.stack([expected[i] for i in (10, 3, 3)]))
    assert data.COPIES == ("", " LR", " TB", " 90", " 180", " 270")


def test_take_returns_fresh_memory_and_refuses_bad_indices(folder):
    fill(folder, ["a.png"])
    training, _ = data.load("study", 8, folder=folder)
    before = training.take([0])
    training.take([0])[:] = 0
    np.testing.assert_array_equal(training.take([0]), before)
    assert training.take([]).shape == (0, 8, 8, 3)
    for bad in ([6], [-1], [0.5], [True]):
        with pytest.raises(IndexError):
            training.take(bad)


def test_originals_are_one_picture_per_painting(folder):
    fill(folder, ["a.png", "b.png"])
    training, _ = data.load("study", 8, folder=folder)
    plain, _ = data.load("study", 8, folder=folder, expand=False)
    assert len(training.originals()) == 2
    assert training.originals().fingerprint == plain.fingerprint != training.fingerprint


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
    assert data._rgb(palette).getpixel((0, 0)) == WHITE
    assert data._rgb(Image.new("La", (2, 2), (0, 0))).getpixel((0, 0)) == WHITE
    assert data._rgb(Image.new("YCbCr", (2, 2), (255, 128, 128))).getpixel((0, 0)) == WHITE


def test_one_value_everywhere_has_no_range_to_be_divided_by():
    with np.errstate(all="raise"):
        assert data._grey(Image.fromarray(np.full((2, 2), -5.0, np.float32))).getextrema() == (0, 0)


def test_values_beyond_sixteen_bits_are_stretched():
    image = Image.fromarray(np.array([[-50.0, 0.0], [50.0, 100_000.0]], dtype=np.float32))
    values = np.asarray(data._rgb(image))[..., 0]
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
    upright = data._upright
    monkeypatch.setattr(data, "_upright", lambda image: sizes.append(image.size) or upright(image))
    one(folder, 64)
    assert sizes == [(400, 300)]  # a quarter; an eighth would be 200 x 150, below 192


# ---------------------------------------------------------------------------------------- bad files


def png_of_size(width: int, height: int) -> bytes:
    """A PNG file whose header claims a size that its data does not hold."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


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

    monkeypatch.setattr(data, "open", guarded, raising=False)
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


# -------------------------------------------------------------------------------------------- cache


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that were decoded, in order."""
    names = []
    decode = data._decode

    def counted(path, *arguments):
        names.append(path.name)
        return decode(path, *arguments)

    monkeypatch.setattr(data, "_decode", counted)
    return names


def entries(suffix: str) -> list[Path]:
    return sorted((files.home() / "pictures").glob(f"*{suffix}"))


def test_the_second_time_nothing_is_decoded(folder, decoded):
    fill(folder, ["a.png", "b.png"])
    first, _ = data.load("study", 8, folder=folder)
    assert sorted(decoded) == ["a.png", "b.png"]
    second, _ = data.load("study", 8, folder=folder)
    assert len(decoded) == 2
    np.testing.assert_array_equal(first.array, second.array)
    assert first.fingerprint == second.fingerprint
    assert (first.names, first.skipped, first.notes) == (second.names, second.skipped, second.notes)


def test_one_changed_byte_a_new_name_size_or_fit_is_decoded_anew(folder, decoded):
    Image.new("RGB", (8, 8), RED).save(folder / "a.bmp")
    first, _ = data.load("study", 8, folder=folder)
    content, stamp = bytearray((folder / "a.bmp").read_bytes()), (folder / "a.bmp").stat()
    content[-1] ^= 1
    (folder / "a.bmp").write_bytes(content)
    os.utime(folder / "a.bmp", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # same size, same time
    second, _ = data.load("study", 8, folder=folder)
    assert len(decoded) == 2
    assert (first.array != second.array).any()
    assert first.fingerprint != second.fingerprint
    (folder / "a.bmp").rename(folder / "b.bmp")
    assert data.load("study", 8, folder=folder)[0].names == ("b.bmp",)
    data.load("study", 4, folder=folder)
    data.load("study", 8, folder=folder, fit="crop")
    assert len(decoded) == 5


@pytest.mark.parametrize(
    "damage",
    [
        lambda: entries(".json")[0].unlink(),
        lambda: entries(".npy")[0].unlink(),
        lambda: entries(".json")[0].write_text('{"names": ["a.png"'),
        lambda: entries(".json")[0].write_text("[]"),
        lambda: entries(".npy")[0].write_bytes(b""),
        lambda: entries(".npy")[0].write_bytes(b"PK\x03\x04 not an array"),
        lambda: entries(".npy")[0].write_bytes(entries(".npy")[0].read_bytes()[:-5]),
        lambda: entries(".npy")[0].write_bytes(entries(".npy")[0].read_bytes()[:-1] + b"\x99"),
    ],
    ids=["no json", "no array", "half json", "other json", "empty", "zip", "half array", "one byte"],
)
def test_a_damaged_cache_entry_is_rebuilt_in_silence(folder, decoded, damage):
    fill(folder, ["a.png"])
    data.load("study", 8, folder=folder)
    damage()
    training, _ = data.load("study", 8, folder=folder)
    np.testing.assert_array_equal(training.take([0])[0], np.asarray(picture(0)))
    assert training.notes == ("no study_labels.csv: nothing rejected",)
    data.load("study", 8, folder=folder)
    assert len(decoded) == 2


def test_mapped_pictures_equal_loaded_ones(folder, monkeypatch):
    fill(folder, [f"{number}.png" for number in range(12)])
    (folder / "broken.png").write_bytes(b"")
    settings = {"folder": folder, "holdout": 0.25, "seed": 3}
    loaded, loaded_held = data.load("study", 8, **settings)
    assert not isinstance(loaded.array, np.memmap)
    monkeypatch.setattr(data, "MAP_ABOVE", 100)
    for _ in range(2):
        mapped, mapped_held = data.load("study", 8, **settings)
        assert isinstance(mapped.array, np.memmap)
        assert not mapped.array.flags.writeable
        for one_, other in ((loaded, mapped), (loaded_held, mapped_held)):
            assert one_.fingerprint == other.fingerprint
            np.testing.assert_array_equal(one_.array, other.array)
            np.testing.assert_array_equal(one_.take(range(len(one_))), other.take(range(len(other))))
    assert type(mapped.take([0])) is np.ndarray
    everything, _ = data.load("study", 8, folder=folder)
    assert isinstance(everything.array, np.memmap)


def test_an_unwritable_cache_is_merely_noted(folder, tmp_path, monkeypatch):
    fill(folder, ["a.png"])
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ARTKERAS_HOME", str(tmp_path / "file" / "home"))
    training, _ = data.load("study", 8, folder=folder)
    np.testing.assert_array_equal(training.take([0])[0], np.asarray(picture(0)))
    assert any("cannot cache" in note for note in training.notes)


def test_a_full_disk_is_merely_noted_and_leaves_nothing(folder, monkeypatch):
    fill(folder, [f"{number}.png" for number in range(5)])
    loaded, _ = data.load("study", 8, folder=folder, holdout=0.2)
    for path in [*entries(".npy"), *entries(".json")]:
        path.unlink()

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_flush", full)
    monkeypatch.setattr(data, "MAP_ABOVE", 100)
    training, _ = data.load("study", 8, folder=folder, holdout=0.2)
    assert training.fingerprint == loaded.fingerprint
    np.testing.assert_array_equal(training.array, loaded.array)
    assert any("No space left" in note for note in training.notes)
    assert os.listdir(files.home() / "pictures") == []


def test_a_disk_too_full_for_a_selection_means_memory(folder, monkeypatch):
    fill(folder, [f"{number}.png" for number in range(5)])
    monkeypatch.setattr(data, "MAP_ABOVE", 100)
    whole, _ = data.load("study", 8, folder=folder, expand=False)

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_flush", full)
    training, held = data.load("study", 8, folder=folder, expand=False, holdout=0.2)
    assert isinstance(whole.array, np.memmap)
    assert not isinstance(training.array, np.memmap)
    where = [whole.names.index(name) for name in training.names]
    np.testing.assert_array_equal(training.array, whole.array[where])
    assert len(held) == 1


# ------------------------------------------------------------------------------ an expanded folder


def expanded_names(stem: str, extension: str = ".png") -> list[str]:
    return [stem + suffix + extension for suffix in data.COPIES]


def test_an_expanded_folder_is_grouped_and_not_expanded_again(folder):
    names = [*expanded_names("a"), *expanded_names("sub/a"), "Untitled 90.png"]
    fill(folder, names)
    training, _ = data.load("study", 8, folder=folder)
    assert training.copies == 1
    assert len(training) == 13
    groups = {}
    for name, painting in zip(training.names, training.paintings.tolist(), strict=True):
        groups.setdefault(painting, set()).add(name)
    expected = [set(expanded_names("a")), set(expanded_names("sub/a")), {"Untitled 90.png"}]
    assert sorted(groups.values(), key=sorted) == sorted(expected, key=sorted)
    assert training.originals().names == ("a.png", "sub/a.png", "Untitled 90.png")
    assert any("already expanded" in note for note in training.notes)


def test_a_painting_called_untitled_90_is_a_painting(folder):
    fill(folder, ["Untitled 90.png", "sub/Untitled.png", "b.png"])
    training, _ = data.load("study", 8, folder=folder)
    assert len(np.unique(training.paintings)) == 3
    assert training.copies == 6
    assert not any("expanded" in note for note in training.notes)


def test_copies_find_their_painting_in_another_format_and_when_it_is_unreadable(folder):
    fill(folder, ["a LR.png", "a 90.png", "b.png", "b LR.bmp"])
    (folder / "a.jpg").write_bytes(b"")
    training, _ = data.load("study", 8, folder=folder)
    assert training.copies == 1
    numbers = dict(zip(training.names, training.paintings.tolist(), strict=True))
    assert numbers["a LR.png"] == numbers["a 90.png"] != numbers["b.png"] == numbers["b LR.bmp"]


# -------------------------------------------------------------------------------------------- labels


def label(folder: Path, text: str, name: str = "study_labels.csv", encoding: str = "utf-8") -> Path:
    path = folder.parent / name
    path.write_bytes(text.encode(encoding))
    return path


def names_of(folder, subset, **settings):
    return data.load("study", 8, folder=folder, subset=subset, **settings)[0].names


LIST = "file,artist,rejected,curated\na.png,X,0,0\nb.png,X,1,0\nc.png,Y,0,1\nd.png,Y,1,1\n"


@pytest.mark.parametrize("text", [LIST, "\ufeff" + LIST.replace("\n", "\r\n"), LIST + "\n\n"])
def test_a_list_chooses_the_subset(folder, text):
    fill(folder, ["a.png", "b.png", "c.png", "d.png"])
    label(folder, text)
    assert names_of(folder, "all") == ("a.png", "b.png", "c.png", "d.png")
    assert names_of(folder, "kept") == ("a.png", "c.png")
    assert names_of(folder, "curated") == ("c.png",)
    fingerprints = {data.load("study", 8, folder=folder, subset=s)[0].fingerprint for s in data.SUBSETS}
    assert len(fingerprints) == 3


def test_a_list_may_be_named_after_the_folder_and_hold_paths_or_base_names(folder):
    other = folder.parent / "mine"
    fill(other, ["x/a.png", "y/a.png", "x/b.png", "ä.png"])
    label(other, "file,rejected,curated\nx\\a.png,1,0\nb.png,1,0\na\u0308.png,1,0\n", "mine_labels.csv")
    assert names_of(other, "kept") == ("y/a.png",)


def test_copies_follow_their_painting_in_the_list(folder):
    fill(folder, [*expanded_names("a"), *expanded_names("b")])
    label(folder, "file,rejected,curated\na.png,1,0\nb.png,0,1\n")
    assert set(names_of(folder, "kept")) == set(expanded_names("b"))
    assert set(names_of(folder, "curated")) == set(expanded_names("b"))


def test_without_a_list_kept_is_everything_and_curated_an_error(folder):
    fill(folder, ["a.png"])
    training, _ = data.load("study", 8, folder=folder)
    assert training.notes == ("no study_labels.csv: nothing rejected",)
    text = message(data.load, "study", 8, folder=folder, subset="curated")
    assert str(folder.parent / "study_labels.csv") in text
    assert "file, rejected, curated" in text


def test_a_list_that_fits_in_part_is_noted_with_counts(folder):
    fill(folder, ["a.png", "b.png", "c.png"])
    label(folder, "file,rejected,curated\na.png,1,0\ngone.png,0,0\n")
    training, _ = data.load("study", 8, folder=folder)
    assert training.names == ("b.png", "c.png")
    assert any("2 paintings are not in it" in note and "1 of its 2 rows" in note for note in training.notes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file,rejected,curated\nother.png,0,0\n", "names none"),
        ("file,rejected\na.png,0\n", "lacks the column curated"),
        ("", "lacks the column"),
        ("file,rejected,curated\na.png,0,perhaps\n", "line 2: curated must be 0 or 1, not 'perhaps'"),
        ("file,rejected,curated\na.png,0\n", "curated must be 0 or 1"),
        ("file,rejected,curated\na.png,0,0\na.png,1,0\n", "two things about a.png"),
        ("file,rejected,curated\na.png,1,0\n", "leaves nothing"),
    ],
)
def test_a_wrong_list_is_an_error(folder, text, says):
    fill(folder, ["a.png"])
    path = label(folder, text)
    found = message(data.load, "study", 8, folder=folder)
    assert says in found
    assert str(path) in found


def test_a_list_in_another_encoding_is_an_error(folder):
    fill(folder, ["a.png"])
    label(folder, "file,rejected,curated\nä.png,0,0\n", encoding="latin-1")
    assert "UTF-8" in message(data.load, "study", 8, folder=folder)


# ------------------------------------------------------------------------------- holdout and limit


def test_no_painting_is_on_both_sides_and_the_seed_decides(folder):
    fill(folder, [f"{number}.png" for number in range(20)])
    training, held = data.load("study", 8, folder=folder, holdout=0.25)
    assert (len(training), len(held), held.copies) == (15 * 6, 5, 1)
    assert not set(training.names) & set(held.names)
    assert not np.isin(held.paintings, training.paintings).any()
    again = data.load("study", 8, folder=folder, holdout=0.25)
    assert (again[0].fingerprint, again[1].fingerprint) == (training.fingerprint, held.fingerprint)
    others = [data.load("study", 8, folder=folder, holdout=0.25, seed=seed)[1].names for seed in range(1, 5)]
    assert len({held.names, *others}) > 1


def test_an_expanded_folder_is_split_by_painting(folder):
    fill(folder, [name for stem in "abcdef" for name in expanded_names(stem)])
    training, held = data.load("study", 8, folder=folder, holdout=0.5)
    assert (len(training), len(held)) == (18, 3)
    assert not np.isin(held.paintings, training.paintings).any()
    assert {name[0] for name in training.names} | {name[0] for name in held.names} == set("abcdef")
    assert all(len(Path(name).stem) == 1 for name in held.names)


def test_files_of_identical_content_stay_on_one_side(folder):
    for number in range(12):
        picture(number // 2).save(folder / f"{number}.png")  # six pairs
    for seed in range(8):
        training, held = data.load("study", 8, folder=folder, holdout=0.25, seed=seed)
        assert not {p.tobytes() for p in training.array} & {p.tobytes() for p in held.array}
        assert len(held) == 4  # three, and the twin of the third


def test_the_split_depends_neither_on_size_nor_on_file_order(folder, tmp_path):
    fill(folder, [f"{number}.png" for number in range(10)])
    turned = tmp_path / "turned"
    turned.mkdir()
    for number in range(10):
        (turned / f"{9 - number}.png").write_bytes((folder / f"{number}.png").read_bytes())
    held = data.load("study", 8, folder=folder, holdout=0.3)[1]
    assert data.load("study", 4, folder=folder, holdout=0.3)[1].names == held.names
    other = data.load("study", 8, folder=turned, holdout=0.3)[1]
    assert {p.tobytes() for p in other.array} == {p.tobytes() for p in held.array}


def test_at_least_one_painting_is_held_out_and_never_all(folder):
    fill(folder, ["a.png", "b.png", "c.png"])
    for share, count in ((0.001, 1), (0.999, 2), (0, 0)):
        _, held = data.load("study", 8, folder=folder, holdout=share)
        assert (len(held) if held else 0) == count
    for name in ("a.png", "b.png", "c.png"):
        picture(0).save(folder / name)
    training, held = data.load("study", 8, folder=folder, holdout=0.5)
    assert len(training) >= 6
    assert len(held) >= 1
    for name in ("b.png", "c.png"):
        (folder / name).unlink()
    assert "two paintings" in message(data.load, "study", 8, folder=folder, holdout=0.5)


def test_limit_counts_paintings_after_the_split(folder):
    fill(folder, [f"{number}.png" for number in range(10)])
    _, held = data.load("study", 8, folder=folder, holdout=0.3)
    training, same = data.load("study", 8, folder=folder, holdout=0.3, limit=4)
    assert len(training) == 24
    assert same.fingerprint == held.fingerprint
    assert not set(training.names) & set(held.names)
    chosen = {data.load("study", 8, folder=folder, limit=4, seed=seed)[0].names for seed in range(5)}
    assert len(chosen) > 1
    assert len(data.load("study", 8, folder=folder, limit=99)[0]) == 60


def test_limit_in_an_expanded_folder_keeps_all_copies(folder):
    fill(folder, [name for stem in "abc" for name in expanded_names(stem)])
    training, _ = data.load("study", 8, folder=folder, limit=2)
    assert len(training) == 12
    assert len(np.unique(training.paintings)) == 2


def test_the_fingerprint_tells_apart_whatever_differs(folder):
    fill(folder, [f"{number}.png" for number in range(4)])
    changes = [{}, {"size": 4}, {"fit": "crop"}, {"expand": False}, {"holdout": 0.3}, {"limit": 2}]
    loaded = [data.load("study", **{"size": 8, "folder": folder, **change})[0] for change in changes]
    assert len({pictures.fingerprint for pictures in loaded}) == len(changes)


@pytest.mark.parametrize(
    "settings",
    [
        {"holdout": 1},
        {"holdout": -0.1},
        {"holdout": float("nan")},
        {"holdout": "half"},
        {"holdout": True},
        {"limit": 0},
        {"limit": 2.5},
        {"size": 0},
        {"size": 8.0},
        {"subset": "best"},
        {"fit": "pad"},
        {"seed": "x"},
        {"seed": 0.5},
    ],
    ids=str,
)
def test_bad_settings_are_errors_that_name_the_setting(folder, settings):
    fill(folder, ["a.png", "b.png"])
    name, value = next(iter(settings.items()))
    text = message(data.load, "study", **{"folder": folder, "size": 8, **settings})
    assert text.startswith(name)
    assert repr(value) in text


# ----------------------------------------------------------------------------- finding, stand-ins


def test_find_prefers_what_is_named_then_the_environment_then_here(folder, tmp_path, monkeypatch):
    assert data.find("study") is None
    fill(Path("data/study"), ["a.png"])
    assert data.find("study") == Path("data/study")
    monkeypatch.setenv("ARTKERAS_DATA", str(folder.parent))
    assert data.find("study") == Path("data/study")  # the other one is still empty
    fill(folder, ["b.png"])
    assert data.find("study") == folder
    assert data.find("other") is None
    fill(tmp_path / "own", ["c.png"])
    assert data.find("study", tmp_path / "own") == tmp_path / "own"
    message(data.find, "study", tmp_path / "nowhere")
    assert data.load("study", 8)[0].source == str(folder)


def test_names_that_begin_as_a_home_folder_of_nobody_are_names(monkeypatch):
    Image.new("RGB", (4, 3)).save("~no such user.png")
    assert data.picture("~no such user.png").size == (4, 3)
    with pytest.raises(UserError, match="no such file"):
        data.picture("~no such user/1.png")
    with pytest.raises(UserError, match="does not exist"):
        data.find("colour_field", "~no such user/pictures")
    monkeypatch.setenv("ARTKERAS_DATA", "~no such user")
    assert data.find("colour_field") is None
    assert pairs.find("monet2photo", ("monet", "photo")) is None


def test_without_pictures_there_are_stand_ins_that_say_so(monkeypatch):
    monkeypatch.setattr(data, "_STAND_IN_COUNT", 10)
    training, held = data.load("colour_field", 16, holdout=0.2, limit=5)
    assert training.stand_in
    assert held.stand_in
    assert training.source == "procedural stand-in"
    assert (len(training), len(held)) == (30, 2)
    assert training.array.shape == (5, 16, 16, 3)
    assert "ARTKERAS_DATA" in training.notes[0]
    assert "--data" in training.notes[0]
    curated, _ = data.load("colour_field", 16, subset="curated")
    everything, _ = data.load("colour_field", 16)
    assert curated.fingerprint != everything.fingerprint
    text = message(data.load, "unheard_of", 16)
    assert "unheard_of" in text
    assert "--data" in text


def test_a_real_folder_is_no_stand_in(folder):
    fill(folder, ["a.png"])
    training, _ = data.load("study", 8, folder=folder)
    assert not training.stand_in
    assert training.source == str(folder)


# ------------------------------------------------------------------------------------ small things


def test_to_float_is_the_way_back_of_to_uint8():
    every = np.arange(256, dtype=np.uint8)
    for low, high in ((-1.0, 1.0), (0.0, 1.0)):
        floats = data.to_float(every, low, high)
        assert floats.dtype == np.float32 and (floats[0], floats[-1]) == pytest.approx((low, high))
        np.testing.assert_array_equal(data.to_uint8(floats, low, high), every)


def test_to_uint8_scales_clips_and_rounds():
    x = np.array([[-1.0, 1.0, 0.0], [-9.0, 9.0, np.nan]])
    np.testing.assert_array_equal(data.to_uint8(x), [[0, 255, 128], [0, 255, 0]])
    np.testing.assert_array_equal(data.to_uint8(np.array([0.0, 0.2, np.inf]), low=0.0), [0, 51, 255])
    every = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(data.to_uint8(every.astype(np.float32) / 127.5 - 1), every)
    np.testing.assert_array_equal(data.to_uint8(np.array([-1, 1], dtype=np.float16)), [0, 255])
    with pytest.raises(ValueError, match="low"):
        data.to_uint8(x, 1.0, 1.0)


def test_pictures_need_no_keras():
    heavy = "'keras', 'tensorflow', 'jax', 'torch'"
    code = f"import sys, artkeras.data; print([name for name in ({heavy}) if name in sys.modules])"
    root = Path(data.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_user_errors_are_value_errors():
    assert issubclass(UserError, ValueError)


@pytest.mark.parametrize("failure", [ValueError, OSError, KeyboardInterrupt])
def test_atomic_keeps_the_old_file_and_leaves_nothing_behind_on_failure(tmp_path, failure):
    path = tmp_path / "out" / "log.json"
    with files.atomic(path) as part:
        assert part.parent == path.parent
        assert part.name.startswith(".")
        assert part.name.endswith(".part")
        part.write_text("old")
        assert not path.exists()
    with pytest.raises(failure), files.atomic(path) as part:
        part.write_text("half of the n")
        raise failure
    assert path.read_text() == "old"
    assert os.listdir(path.parent) == ["log.json"]
    with files.atomic(path) as part:
        part.write_text(json.dumps("new"))
    assert path.read_text() == '"new"'
    assert os.listdir(path.parent) == ["log.json"]


def test_atomic_leaves_nothing_behind_when_the_move_fails(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").write_text("")
    with pytest.raises(OSError, match="taken"), files.atomic(tmp_path / "taken") as part:
        part.write_text("new")
    assert os.listdir(tmp_path / "taken") == ["x"]
    assert not list(tmp_path.glob(".*.part"))


def test_home_is_the_environments_or_the_users(monkeypatch, tmp_path):
    assert files.home() == tmp_path / "home"
    monkeypatch.delenv("ARTKERAS_HOME")
    assert files.home().name.lower() in ("artkeras", "cache")


# ---------------------------------------------------------------------------------------- packed folders


def packed(folder: Path, size: int = 8, paintings: int = 3) -> np.ndarray:
    """A folder as `data_tools augment --pack` writes it."""
    folder.mkdir()
    array = np.random.default_rng(0).integers(0, 256, (6 * paintings, size, size, 3), dtype=np.uint8)
    np.save(folder / data.PACKED, array)
    names = [f"a{i}{suffix}.png" for i in range(paintings) for suffix in data.COPIES]
    facts = {
        "format": 1,
        "size": size,
        "fit": "stretch",
        "names": names,
        "digests": [str(i) for i in range(len(names))],
    }
    (folder / data.PACKED_FACTS).write_text(json.dumps(facts))
    return array


def test_a_packed_folder_is_read_as_it_is(tmp_path):
    array = packed(tmp_path / "packed")
    training, held = data.load("colour_field", 8, folder=tmp_path / "packed", holdout=0.3)
    assert len(training) == 12 and training.copies == 1 and len(held) == 1
    np.testing.assert_array_equal(data.read(tmp_path / "packed", 8)[0], array)
    assert data.read(tmp_path / "packed", 4)[0].shape == (18, 4, 4, 3)
    with pytest.raises(UserError, match="--size 16"):
        data.read(tmp_path / "packed", 16)
    np.save(tmp_path / "packed" / data.PACKED, array[:-1])
    with pytest.raises(UserError, match="damaged"):
        data.read(tmp_path / "packed", 8)


def test_the_list_of_the_folder_itself_comes_first(tmp_path):
    for name, mark in (("colour_field", 1), ("mine", 0)):
        fill(tmp_path / name, ["a.png", "b.png"])
        (tmp_path / f"{name}_labels.csv").write_text(f"file,rejected,curated\na.png,{mark},0\nb.png,0,0\n")
    assert len(data.load("colour_field", 4, folder=tmp_path / "mine", expand=False)[0]) == 2
    assert len(data.load("colour_field", 4, folder=tmp_path / "colour_field", expand=False)[0]) == 1
