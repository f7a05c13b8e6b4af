"""The walker over folders: every image is found whatever its name, and what is not read is named and counted."""

from __future__ import annotations

import os
import socket
import sys
import types

import numpy as np
import pytest
from image_files import fill, message, picture
from PIL import Image

from artkeras import data
from artkeras.data import folders

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(300)


@pytest.fixture(autouse=True)
def no_plugin(monkeypatch):
    """Whether or not the optional plugin for HEIC is installed, the tests begin without it."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setattr(Image, "OPEN", {name: opener for name, opener in Image.OPEN.items() if name != "HEIF"})
    folders.decoders.cache_clear()
    yield
    folders.decoders.cache_clear()


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("saved.jfif", "JPEG"),
        ("old.jpe", "JPEG"),
        ("large.jpg_large", "JPEG"),
        ("without", "PNG"),
        ("picture.dat", "GIF"),
        ("scan.tiff16", "TIFF"),
        ("bitmap.dib", "BMP"),
        ("page.html", "WEBP"),
        ("photo.x", "AVIF"),
    ],
)
def test_content_decides_where_the_ending_says_nothing(folder, name, format):
    if format == "AVIF" and format not in data.decoders():
        pytest.skip("this Pillow does not read AVIF")
    picture(0).save(folder / name, format=format)
    assert data.list_images(folder) == ([name], [], {})
    assert data.load("study", 8, folder=folder)[0].names == (name,)


def test_what_is_no_image_is_counted_by_ending_and_said(folder):
    fill(folder, ["a.png", "b.png"])
    for number in range(3):
        (folder / f"IMG_{number}.HEIC").write_bytes(HEIC)
    (folder / "notes.txt").write_text("BM is how a bitmap begins, and II*")
    (folder / "README").write_text("")
    (folder / "manifest.csv").write_text("the kit's own")
    assert data.list_images(folder).passed_over == {".heic": 3, ".txt": 1, "": 1}
    note = (
        "5 files passed over, no images that can be read here: 3 .heic, 1 without an ending, 1 .txt "
        "(pip install pillow-heif reads HEIC)"
    )
    for _ in range(2):  # the second time from the cache
        assert note in data.load("study", 8, folder=folder)[0].notes


def test_a_folder_of_what_cannot_be_read_says_what_it_holds(folder):
    (folder / "IMG_1.heic").write_bytes(HEIC)
    said = message(data.load, "study", 8, folder=folder)
    assert "holds no pictures" in said and "1 .heic" in said and "pip install pillow-heif" in said


def test_a_heic_file_with_another_ending_is_skipped_with_the_true_reason(folder):
    fill(folder, ["a.png"])
    (folder / "b.jpg").write_bytes(HEIC)
    assert dict(data.load("study", 8, folder=folder)[0].skipped) == {
        "b.jpg": "a HEIC file: pip install pillow-heif reads HEIC"
    }
    assert "pip install pillow-heif" in message(data.picture, folder / "b.jpg")


def test_heic_is_read_where_the_plugin_is_installed(folder, monkeypatch):
    (folder / "a.heic").write_bytes(HEIC)
    (folder / "b.jpg").write_bytes(HEIC)
    plugin = types.ModuleType("pillow_heif")

    def register_heif_opener():
        Image.OPEN["HEIF"] = (lambda file, name: picture(3), lambda start: start[4:8] == b"ftyp")

    plugin.register_heif_opener = register_heif_opener
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    folders.decoders.cache_clear()
    assert data.files(folder) == ["a.heic", "b.jpg"]
    np.testing.assert_array_equal(data.read(folder, 8)[0][0], np.asarray(picture(3)))


@pytest.mark.parametrize("name", ["raw.dng", "raw.NEF", "half.jpg.part", "half.crdownload"])
def test_raw_files_and_unfinished_downloads_are_no_images_whatever_they_begin_with(folder, name):
    fill(folder, ["a.png"])
    picture(0).save(folder / name, format="TIFF")
    listing = data.list_images(folder)
    assert listing.names == ["a.png"] and sum(listing.passed_over.values()) == 1


@pytest.mark.parametrize("system", ["@eaDir", "__MACOSX", "#recycle", "$RECYCLE.BIN", ".thumbnails", "lost+found"])
def test_folders_of_systems_are_passed_over(folder, system):
    fill(folder, ["a.png", f"{system}/a.png/thumb.jpg", f"sub/{system}/b.png"])
    assert data.list_images(folder) == (["a.png"], [], {})


def test_an_image_that_is_called_like_the_folder_of_a_system_is_an_image(folder):
    fill(folder, ["sub/eaDir.png", "@eaDir.png"])
    assert data.files(folder) == ["@eaDir.png", "sub/eaDir.png"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are always text there")
def test_names_that_are_not_text_are_named_with_the_reason(folder):
    fill(folder, ["plain.png"])
    os.mkdir(os.fsencode(folder) + b"/d\xefr")
    for name in (b"caf\xe9.png", b"note\xe8.txt", b"d\xefr/in it.png"):
        picture(1).save(folder / "x.png")
        os.rename(folder / "x.png", os.fsencode(folder) + b"/" + name)
    why = "its name is not UTF-8: rename it"
    expected = [("caf\\xe9.png", why), ("d\\xefr", why), ("note\\xe8.txt", why)]
    assert data.list_images(folder) == (["plain.png"], expected, {})
    training, _ = data.load("study", 8, folder=folder)
    assert list(training.skipped) == expected
    assert any(r"3 of 4 files skipped: caf\xe9.png (its name" in note for note in training.notes)


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
def test_links_pipes_and_sockets_are_named_or_followed(folder, tmp_path):
    fill(folder, ["a.png", "real/b.png"])
    fill(tmp_path / "far", ["c.png"])
    (folder / "another").symlink_to(folder / "real", target_is_directory=True)  # listed once, by its own name
    (folder / "far").symlink_to(tmp_path / "far", target_is_directory=True)
    (folder / "gone.png").symlink_to(tmp_path / "nothing.png")
    (folder / "gone").symlink_to(tmp_path / "nothing")
    (folder / "circle").symlink_to(folder / "circle")
    (folder / "up").symlink_to(folder, target_is_directory=True)
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(os.path.relpath(folder / "end"))
        listing = data.list_images(folder)
    assert listing.names == ["a.png", "far/c.png", "real/b.png"]
    unread = dict(listing.unread)
    assert unread.pop("circle")  # the words are the system's
    assert unread == {
        "end": "no plain file",
        "gone": "a link to nothing",
        "gone.png": "a link to nothing",
        "pipe": "no plain file",
        "pipe.png": "no plain file",
    }
    assert listing.passed_over == {}


@pytest.fixture
def locked(folder, monkeypatch):
    """A folder with one that cannot be listed in it; root can list all, so the system's answer is played."""
    fill(folder, ["a.png", "disk2/b.png"])
    scandir = os.scandir

    def guarded(path):
        if os.path.basename(os.path.normpath(path)) == "disk2":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    return folder


def test_a_subfolder_that_cannot_be_listed_is_named(locked):
    assert data.list_images(locked) == (["a.png"], [("disk2", "Permission denied")], {})
    training, _ = data.load("study", 8, folder=locked)
    assert any("disk2 (Permission denied)" in note for note in training.notes)
    (locked / "a.png").unlink()
    assert "disk2 (Permission denied)" in message(data.load, "study", 8, folder=locked)


def test_steps_refuse_a_folder_of_which_a_part_cannot_be_read(locked):
    from data_tools import steps

    assert "disk2 (Permission denied)" in message(steps.listed, locked)
