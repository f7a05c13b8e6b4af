"""Colours: profiles are applied, deep grey gets its own white, masks hide what they hide, and doubts are noted."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import fill, one
from PIL import Image, ImageCms

from artkeras import data

CARD = np.array([[(220, 30, 30), (30, 180, 60)], [(30, 60, 200), (240, 220, 40)]], dtype=np.uint8)
GREYS = np.array([[20, 90], [160, 240]], dtype=np.float64)

# x, y of red, green and blue
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
GREEN_FIRST = (SRGB[1], SRGB[0], SRGB[2])
D65 = (0.3127, 0.3290)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])


def matrix(primaries) -> np.ndarray:
    """From linear RGB to XYZ, white D65."""
    columns = np.array([xyz(*place) for place in primaries]).T
    return columns * np.linalg.solve(columns, xyz(*D65))


def profile(primaries=None, gamma: float = 2.2) -> bytes:
    """An ICC profile of version 2: matrix and gamma, or grey without primaries."""

    def fixed(values) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    d50 = np.array([0.9642, 1.0, 0.8249])
    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = {b"desc": text, b"cprt": b"text\0\0\0\0none\0", b"wtpt": b"XYZ \0\0\0\0" + fixed(d50)}
    if primaries is None:
        tags[b"kTRC"] = curve
    else:
        cones = (BRADFORD @ d50) / (BRADFORD @ xyz(*D65))
        adapted = np.linalg.inv(BRADFORD) @ np.diag(cones) @ BRADFORD @ matrix(primaries)
        for name, column in zip((b"r", b"g", b"b"), adapted.T, strict=True):
            tags |= {name + b"XYZ": b"XYZ \0\0\0\0" + fixed(column), name + b"TRC": curve}
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(content))
        body += content
    space = b"GRAY" if primaries is None else b"RGB "
    head = struct.pack(
        ">I4sI4s4s4s", 132 + len(table) - 4 + len(body), b"\0\0\0\0", 0x02100000, b"mntr", space, b"XYZ "
    )
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + fixed(d50)
    return head.ljust(128, b"\0") + table + body


def linear(srgb: np.ndarray) -> np.ndarray:
    share = srgb / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def stored(primaries, gamma: float = 2.2) -> Image.Image:
    """The card as a program that works in these colours saves it."""
    across = np.linalg.inv(matrix(primaries)) @ matrix(SRGB)
    values = np.clip(linear(CARD) @ across.T, 0, 1) ** (1 / gamma)
    return Image.fromarray(np.rint(values * 255).astype(np.uint8))


def large(image: Image.Image, side: int = 32) -> Image.Image:
    return image.resize((side, side), Image.Resampling.NEAREST)


def middles(square: np.ndarray) -> np.ndarray:
    """The colours in the middle of the four quarters."""
    quarter = len(square) // 4
    return square[quarter :: 2 * quarter, quarter :: 2 * quarter].astype(int)


def notes(folder) -> list[str]:
    found = data.load("study", 32, folder=folder)[0].notes
    return [note for note in found if "labels.csv" not in note]


# ---------------------------------------------------------------------------------------- profiles


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
@pytest.mark.parametrize("primaries", [ADOBE, P3, GREEN_FIRST], ids=["adobe", "p3", "green first"])
def test_colours_are_those_that_a_viewer_shows(folder, name, primaries):
    options = {".jpg": {"quality": 100, "subsampling": 0}, ".webp": {"lossless": True}}.get(name[1:], {})
    large(stored(primaries)).save(folder / name, icc_profile=profile(primaries), **options)
    most = 9 if name.endswith("jpg") else 3  # JPEG rounds twice, and a level of red is nine in a saturated green
    assert np.abs(middles(one(folder, 32)) - CARD).max() <= most
    assert np.abs(middles(np.asarray(data.picture(folder / name))) - CARD).max() <= most
    assert notes(folder) == []


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_a_profile_counts_below_transparency_and_for_palettes(folder, mode):
    image = large(stored(ADOBE))
    image = image.convert("RGBA") if mode == "RGBA" else image.quantize(4)
    image.save(folder / "a.png", icc_profile=profile(ADOBE))
    assert np.abs(middles(one(folder, 32)) - CARD).max() <= 3


@pytest.mark.parametrize("mode", ["L", "LA", "I;16", "RGB"])
def test_a_profile_for_grey_is_applied_to_grey(folder, mode):
    values = np.rint(linear(GREYS) * 255)  # a profile of gamma 1 turns them back
    image = large(Image.fromarray(values.astype(np.uint8)))
    image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    image.save(folder / "a.png", icc_profile=profile(gamma=1.0))
    steps = 9  # of 8 bits in the dark, where a linear curve is coarse
    assert np.abs(middles(one(folder, 32))[..., 0] - GREYS).max() <= steps
    assert notes(folder) == []


def test_grey_with_a_profile_for_rgb_stays_grey_and_takes_its_curve(folder):
    large(Image.fromarray(GREYS.astype(np.uint8))).save(folder / "a.png", icc_profile=profile(ADOBE, gamma=1.0))
    share = GREYS / 255
    expected = 255 * np.where(share <= 0.0031308, 12.92 * share, 1.055 * share ** (1 / 2.4) - 0.055)
    found = middles(one(folder, 32))
    assert np.abs(found - expected[..., None]).max() <= 2
    assert data.to_srgb(Image.open(folder / "a.png")).mode == "L"


@pytest.mark.parametrize("which", ["pillow", "by hand"])
def test_a_profile_of_srgb_changes_no_pixel(folder, which):
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))
    noise.save(folder / "a.png", icc_profile=made if which == "pillow" else profile(SRGB, gamma=2.2))
    found = one(folder, 32).astype(int) - np.asarray(noise)
    assert not found.any() if which == "pillow" else np.abs(found).max() > 0  # gamma 2.2 is not quite sRGB's curve


def test_the_fingerprint_depends_on_the_file_and_not_on_how_it_is_decoded(folder, monkeypatch):
    large(stored(ADOBE)).save(folder / "a.png", icc_profile=profile(ADOBE))
    before = data.load("study", 8, folder=folder)[0].fingerprint
    monkeypatch.setattr(data.decoding, "to_rgb", lambda image, notes: image.convert("RGB"))
    monkeypatch.setattr(data.cache, "_CACHE_FORMAT", 0)
    assert data.load("study", 8, folder=folder)[0].fingerprint == before


@pytest.mark.parametrize(
    ("icc", "says"),
    [
        (b"no profile at all", "damaged and was ignored"),
        (profile(ADOBE)[:200], "damaged and was ignored"),
        (profile(gamma=1.0), "for GRAY and not for RGB"),
    ],
)
def test_a_profile_that_cannot_be_meant_is_ignored_and_noted(folder, icc, says):
    for name in ("a.png", "b.png"):
        large(Image.fromarray(CARD)).save(folder / name, icc_profile=icc)
    for _ in range(2):  # the second time from the cache
        (note,) = notes(folder)
        assert note.startswith("2 files: its colour profile is ") and says in note and note.endswith("(a.png, b.png)")
    data.read(folder, 32)
    np.testing.assert_array_equal(middles(data.read(folder, 32)[0][0]), CARD)


def test_cmyk_without_a_profile_is_noted_and_lab_is_read(folder):
    Image.new("CMYK", (8, 8), (255, 0, 0, 0)).save(folder / "a.tif")
    assert notes(folder) == ["1 file: CMYK without a colour profile, converted by a plain formula (a.tif)"]
    lab = ImageCms.profileToProfile(
        large(Image.fromarray(CARD)), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert np.abs(middles(np.asarray(data.to_rgb(lab))) - CARD).max() <= 8  # LAB of 8 bits is coarse


def test_an_enlarged_image_has_the_colours_of_srgb_and_says_so(folder, tmp_path):
    from artkeras.pretrained.upscale import upscale_files

    large(stored(ADOBE)).save(folder / "a.png", icc_profile=profile(ADOBE))
    upscale_files([folder / "a.png"], tmp_path / "out", "bicubic")
    (made,) = (tmp_path / "out").glob("*.png")
    with Image.open(made) as image:
        assert image.info["srgb"] == 0
        assert np.abs(middles(np.asarray(image)) - CARD).max() <= 4


@pytest.mark.parametrize(("mode", "pixel"), [("L", 7), ("LA", (7, 9)), ("RGB", (7, 8, 9)), ("RGBA", (7, 8, 9, 10))])
def test_a_written_png_says_that_it_is_srgb(tmp_path, mode, pixel):
    made = data.save_png(Image.new(mode, (3, 2), pixel), tmp_path / "new" / "a.png", "made by hand")
    with Image.open(made) as image:
        assert image.info["srgb"] == 0 and image.text == {"Comment": "made by hand"}
        assert (image.mode, image.getpixel((2, 1))) == (mode, pixel)
    assert data.save_png(Image.new("L", (1, 1)), tmp_path / "b.png") == tmp_path / "b.png"
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["a.png", "b.png"]


# ------------------------------------------------------------------------------------------ deep grey


def save_deep(path, values: np.ndarray, white_is_zero: bool = False, tags: dict | None = None) -> None:
    """A TIFF of deep grey, the four levels four times as large a side at least."""
    if values.shape == (2, 2):
        values = values.repeat(16, axis=0).repeat(16, axis=1)
    Image.fromarray(values).save(path, tiffinfo=tags or {})
    if white_is_zero:
        rewrite(path, 262, 1, 0)  # black is zero, says Pillow


def rewrite(path, tag: int, before: int, after: int) -> None:
    """Change a tag of a TIFF that Pillow does not let one choose."""
    raw, entry = path.read_bytes(), struct.pack("<HHIH", tag, 3, 1, before)
    assert raw.count(entry) == 1
    path.write_bytes(raw.replace(entry, struct.pack("<HHIH", tag, 3, 1, after)))


def card(scale: float, dtype=np.float32) -> np.ndarray:
    return (GREYS / 255 * scale).repeat(24, axis=0).repeat(24, axis=1).astype(dtype)


def with_one(values: np.ndarray, value: float) -> np.ndarray:
    values = values.copy()
    values[0, 0] = value
    return values


@pytest.mark.parametrize(
    "values",
    [
        card(1),
        with_one(card(1), 1.0001),
        with_one(card(255), 255.4),
        with_one(card(1), 3.4e38),
        with_one(card(1), -9999),
        with_one(card(1), np.nan),
        with_one(card(1), np.inf),
        with_one(card(1), -0.2),
        with_one(card(255), -1e6),
        with_one(card(65535), 70_000),
    ],
    ids=["plain", "above 1", "above 255", "float max", "-9999", "nan", "inf", "below 0", "far below", "above 65535"],
)
def test_one_pixel_does_not_decide_about_the_others(folder, values):
    save_deep(folder / "a.tif", values)
    assert np.abs(middles(one(folder, 48))[..., 0] - GREYS).max() <= 1
    assert notes(folder) == []


def test_overshoot_beyond_white_is_white(folder):
    save_deep(folder / "a.tif", card(1.094))
    assert np.abs(middles(one(folder, 48))[..., 0] - np.minimum(GREYS * 1.094, 255)).max() <= 1


def test_a_region_without_measurements_is_black_and_the_rest_keeps_its_range(folder):
    values = card(1)
    values[:, :4] = -9999
    values[:4] = 42.5
    save_deep(folder / "a.tif", values, tags={42113: "42.5"})
    assert np.abs(middles(one(folder, 48))[..., 0] - GREYS).max() <= 1
    assert one(folder, 48)[20, 1].max() < 30


@pytest.mark.parametrize(
    "values",
    [card(1), card(65535, np.uint16), card(255)],
    ids=["float", "16 bit", "float to 255"],
)
def test_white_is_zero_is_inverted(folder, values):
    save_deep(folder / "a.tif", values, white_is_zero=True)
    assert np.abs(middles(one(folder, 48))[..., 0] - (255 - GREYS)).max() <= 1


@pytest.mark.parametrize(
    ("values", "tags"),
    [(card(4095, np.uint16), {281: 4095}), (card(2.0) - 1, {340: -1.0, 341: 1.0}), (card(10), {340: 0.0, 341: 10.0})],
    ids=["12 of 16 bits", "from -1 to 1", "up to 10"],
)
def test_a_declared_range_counts(folder, values, tags):
    save_deep(folder / "a.tif", values.astype(values.dtype if values.dtype == np.uint16 else np.float32), tags=tags)
    assert np.abs(middles(one(folder, 48))[..., 0] - GREYS).max() <= 1
    assert notes(folder) == []


def test_a_range_that_nobody_declares_is_stretched_and_noted(folder):
    save_deep(folder / "a.tif", card(5.0) - 1)
    found = middles(one(folder, 48))[..., 0]
    np.testing.assert_allclose(found, np.rint((GREYS - 20) / 220 * 255), atol=1)
    assert notes(folder) == [
        "1 file: grey without a known range, stretched from its darkest to its lightest value (a.tif)"
    ]


def test_sixteen_bits_of_which_few_are_used_are_noted(folder):
    save_deep(folder / "a.tif", card(4095, np.uint16))
    assert middles(one(folder, 48)).max() == 15
    (note,) = notes(folder)
    assert "less than an eighth of its range" in note


def test_unsigned_integers_of_32_bits_are_not_taken_for_negative_ones(folder):
    values = card(4294967295.0, np.float64).astype(np.uint32)
    Image.fromarray(values.view(np.int32)).save(folder / "a.tif")
    rewrite(folder / "a.tif", 339, 2, 1)  # signed, says Pillow
    assert np.abs(middles(one(folder, 48))[..., 0] - GREYS).max() <= 1


def test_deep_grey_keeps_its_transparency(folder):
    values = card(65535, np.uint16)
    Image.fromarray(values).save(folder / "a.png", transparency=int(values[0, 0]))
    expected = GREYS.copy()
    expected[0, 0] = 255
    assert np.abs(middles(one(folder, 48))[..., 0] - expected).max() <= 1
    assert data.to_srgb(Image.open(folder / "a.png")).mode == "LA"


def test_turned_deep_grey_keeps_its_tags(folder):
    exif = Image.Exif()
    exif[0x0112] = 3
    values = (1 - card(1)).astype(np.float32)
    Image.fromarray(values).save(folder / "a.tif", exif=exif)
    rewrite(folder / "a.tif", 262, 1, 0)
    assert np.abs(middles(one(folder, 48))[..., 0] - GREYS[::-1, ::-1]).max() <= 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 254), min_size=3, max_size=3),
    st.sampled_from([(1.0, np.float32), (255.0, np.float32), (65535.0, np.float32), (65535.0, np.uint16)]),
    st.one_of(st.none(), st.floats(width=32)),
    st.integers(0, 32 * 32 - 1),
)
def test_any_greys_survive_any_scale_and_one_pixel_of_any_value(levels, scale, outlier, place):
    white, dtype = scale
    greys = np.repeat([*levels, 255], 256).reshape(32, 32).astype(np.float64)  # white is there, and says the scale
    values = (greys / 255 * white).astype(dtype)
    if outlier is not None and dtype != np.uint16:
        values.flat[place] = outlier
    found = np.asarray(data.grey_to_uint8(Image.fromarray(values))).astype(int)
    wrong = np.abs(found - greys) > 1
    wrong.flat[place] = False
    assert not wrong.any()


# ------------------------------------------------------------------------------------------------ masks


def test_an_empty_mask_over_a_picture_is_ignored_and_noted(folder):
    image = large(Image.fromarray(CARD)).convert("RGBA")
    image.putalpha(0)
    image.save(folder / "a.png")
    np.testing.assert_array_equal(middles(one(folder, 32)), CARD)
    assert notes(folder) == ["1 file: wholly transparent, so its alpha was ignored (a.png)"]


def test_an_empty_mask_over_one_colour_is_white_and_noted(folder):
    Image.new("LA", (8, 8), (90, 0)).save(folder / "a.png")
    assert one(folder, 8).min() == 255
    assert notes(folder) == ["1 file: wholly transparent, taken as white (a.png)"]


def test_a_mask_of_16_bit_colours_hides_the_right_one(folder):
    image = large(Image.fromarray(CARD))
    image.info["transparency"] = tuple(int(value) * 257 for value in CARD[0, 1])  # as Pillow gives it for 16 bits
    expected = CARD.copy()
    expected[0, 1] = 255
    np.testing.assert_array_equal(middles(np.asarray(data.to_rgb(image))), expected)


def test_ordinary_files_have_no_notes(folder):
    fill(folder, ["a.png", "b.bmp", "c.tif"])
    assert notes(folder) == []
