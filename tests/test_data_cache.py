"""The cache of decoded images, and packed folders: the same pixels again, whatever happens to the disk."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from image_files import (
    RED,
    entries,
    fill,
    picture,
)
from PIL import Image

from artkeras import data, files
from artkeras.errors import UserError

# -------------------------------------------------------------------------------------------- cache


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that were decoded, in order."""
    names = []
    decode = data.decode

    def counted(path, *arguments):
        names.append(path.name)
        return decode(path, *arguments)

    monkeypatch.setattr(data.decoding, "decode", counted)
    return names


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
    monkeypatch.setattr(data.cache, "MAP_ABOVE", 100)
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
    monkeypatch.setattr(data.cache, "MAP_ABOVE", 100)
    training, _ = data.load("study", 8, folder=folder, holdout=0.2)
    assert training.fingerprint == loaded.fingerprint
    np.testing.assert_array_equal(training.array, loaded.array)
    assert any("No space left" in note for note in training.notes)
    assert os.listdir(files.home() / "pictures") == []


def test_a_disk_too_full_for_a_selection_means_memory(folder, monkeypatch):
    fill(folder, [f"{number}.png" for number in range(5)])
    monkeypatch.setattr(data.cache, "MAP_ABOVE", 100)
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


# ---------------------------------------------------------------------------------------- packed folders


def packed(folder: Path, size: int = 8, paintings: int = 3) -> np.ndarray:
    """A folder as `data_tools augment --pack` writes it."""
    folder.mkdir()
    shown = np.random.default_rng(0).integers(0, 256, (paintings, size, size, 3), dtype=np.uint8)
    array = np.stack([data.augmented(shown, copy) for copy in range(6)], axis=1).reshape(-1, size, size, 3)
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
