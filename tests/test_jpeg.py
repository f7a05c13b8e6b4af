"""JPEG files with holes, and without their end."""

import io

import numpy as np
import pytest
from PIL import Image

from artkeras import data
from artkeras.data import jpeg
from artkeras.errors import UserError
from data_tools import pictures


def encoded(kind: str = "noise", **options) -> bytes:
    """A file of 1200 x 800 pixels."""
    random = np.random.default_rng(0)
    values = np.full((800, 1200, 3), (30, 60, 200), np.uint8)
    if kind == "noise":
        values = np.clip(values + random.integers(-20, 21, values.shape), 0, 255).astype(np.uint8)
    elif kind == "half":
        values[:400] = random.integers(0, 256, (400, 1200, 3))
    file = io.BytesIO()
    Image.fromarray(values).save(file, "JPEG", **{"quality": 90} | options)
    return file.getvalue()


WAYS = [{}, {"optimize": True}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}]


@pytest.mark.parametrize("options", [way for way in WAYS if "progressive" not in way], ids=str)
def test_a_hole_is_found(options):
    whole = encoded(**options)
    middle = len(whole) // 2
    for size in (600, 20_000):
        spoilt = whole[:middle] + bytes(size) + whole[middle + size :]
        assert size <= jpeg.hole(spoilt) <= size + 4  # a neighbour may be 0 as well
    assert jpeg.hole(whole) == 0


@pytest.mark.parametrize("options", [*WAYS, {"quality": 1}, {"quality": 1, "optimize": True}], ids=str)
@pytest.mark.parametrize("kind", ["flat", "half"])
def test_flat_pictures_have_no_holes(kind, options):
    assert jpeg.hole(encoded(kind, **options)) == 0


def test_zeros_elsewhere_are_no_holes():
    assert jpeg.hole(encoded(exif=b"Exif\0\0" + bytes(5000))) == 0
    assert jpeg.hole(encoded() + bytes(5000)) == 0
    assert jpeg.hole(bytes(5000)) == jpeg.hole(b"") == 0
    assert jpeg.hole(b"\xff\xd8" + bytes(5000)) == 0  # no header: another kind of damage


@pytest.mark.parametrize("options", WAYS, ids=str)
@pytest.mark.parametrize("lost", [1, 2])
def test_a_file_that_lacks_its_end_mark_alone_is_whole(options, lost):
    whole = encoded(**options)
    mended = jpeg.completed(whole[:-lost])
    with Image.open(io.BytesIO(whole)) as before, Image.open(io.BytesIO(mended)) as after:
        assert before.tobytes() == after.tobytes()
    assert jpeg.completed(whole) is whole


@pytest.mark.parametrize("options", WAYS, ids=str)
@pytest.mark.parametrize("lost", [12, 50, 5000])
def test_a_file_that_lacks_pixels_is_not_mended(options, lost):
    broken = encoded(**options)[:-lost]
    assert jpeg.completed(broken) is broken


def test_both_packages_go_by_it(tmp_path):
    whole = encoded()
    spoilt = whole[:9000] + bytes(9000) + whole[18_000:]
    (tmp_path / "hole.jpg").write_bytes(spoilt)
    (tmp_path / "end.jpg").write_bytes(whole[:-2])
    (tmp_path / "cut.jpg").write_bytes(whole[:-200])
    with pytest.raises(UserError, match=r"hole.jpg \(damaged: 900\d bytes in its middle are zeros"):
        data.picture(tmp_path / "hole.jpg")
    with pytest.raises(UserError, match=r"cut.jpg .*truncated"):
        data.picture(tmp_path / "cut.jpg")
    assert data.picture(tmp_path / "end.jpg").size == (1200, 800)
    with pytest.raises(pictures.NotAPicture, match="bytes in its middle are zeros"):
        pictures.look(spoilt)
    with pytest.raises(pictures.NotAPicture, match="truncated"):
        pictures.look(whole[:-200])
    assert pictures.look(whole[:-2]).width == 1200


def test_a_tiff_of_a_kind_that_is_not_read_is_called_that(tmp_path):
    header = b"II*\0" + (8).to_bytes(4, "little")
    tags = [(256, 3, 1, 2), (257, 3, 1, 2), (258, 3, 1, 32), (262, 3, 1, 2), (273, 4, 1, 200), (277, 3, 1, 3)]
    tags += [(278, 3, 1, 2), (279, 4, 1, 48), (339, 3, 1, 3)]  # three channels of floats
    entries = b"".join(
        t.to_bytes(2, "little") + k.to_bytes(2, "little") + n.to_bytes(4, "little") + v.to_bytes(4, "little")
        for t, k, n, v in tags
    )
    body = header + len(tags).to_bytes(2, "little") + entries + bytes(4)
    (tmp_path / "float.tif").write_bytes(body.ljust(200, b"\0") + np.ones(12, "<f4").tobytes())
    with pytest.raises(UserError, match="a TIFF of a kind that is not read here"):
        data.picture(tmp_path / "float.tif")
