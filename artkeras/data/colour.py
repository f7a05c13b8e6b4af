"""Colours: an image of any mode as 8-bit sRGB, as a viewer with colour management shows it.

Profiles are applied by LittleCMS. Deep and float grey is scaled by the range that the file declares, else by the one
that almost all its values fit; a few outliers never decide. What could be meant in several ways gets a note: one text
per kind of doubt, without the file's name, so that a folder's notes can be counted.
"""

from __future__ import annotations

import functools
import io

import numpy as np
from PIL import Image, ImageCms

# A profile that moves no colour by more than this many levels is sRGB by another name, and left alone.
SAME = 2
# Values that scientific and mapping programs write where there is no measurement.
NO_VALUE = (-9999.0, -32768.0)
NO_VALUE_ABOVE = 1e30
OUTLIERS = 0.5  # per cent of the values at either end that never decide about the range
OVERSHOOT = 1.25  # resampling and sharpening push values beyond white, by up to so much
SCALES = (1.0, 255.0, 65535.0, 4294967295.0)

# TIFF tags: bits a value, which end is white, minimum and maximum (of integers, of any type), type, no measurement.
BITS, PHOTOMETRIC, MINIMA, MAXIMA, FORMAT, NO_DATA = 258, 262, (340, 280), (341, 281), 339, 42113
TAGS = (BITS, PHOTOMETRIC, *MINIMA, *MAXIMA, FORMAT, NO_DATA)
TAGS_KEY = "tiff_tags"  # where `remember_tags` keeps them
DARK = "deep grey that uses less than an eighth of its range, so it is dark"

Notes = list[str]


def remember_tags(image: Image.Image) -> None:
    """Keep the tags of a TIFF that decide about its greys where they outlast turning and copying."""
    tags = getattr(image, "tag_v2", {})
    image.info[TAGS_KEY] = {tag: tags[tag] for tag in TAGS if tag in tags}


def to_rgb(image: Image.Image, notes: Notes | None = None) -> Image.Image:
    """Convert an image of any mode to RGB, transparency over white. Doubts are appended to `notes`.

    Raises:
        ValueError: Pillow cannot convert it.
    """
    image = to_srgb(image, notes)
    if image.mode in ("LA", "RGBA"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def to_srgb(image: Image.Image, notes: Notes | None = None) -> Image.Image:
    """Convert an image of any mode to 8-bit sRGB: mode L, LA, RGB or RGBA. Doubts are appended to `notes`.

    Raises:
        ValueError: Pillow cannot convert it.
    """
    notes = [] if notes is None else notes
    profile = image.info.get("icc_profile")
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = grey_to_uint8(image, notes)
    alpha = None
    if image.has_transparency_data:
        clear = image.info.get("transparency")
        if isinstance(clear, tuple) and max(clear) > 255:  # of 16 bits, where Pillow reduced the pixels to 8
            image.info["transparency"] = tuple(value >> 8 for value in clear)
        image = image.convert("LA" if image.mode in ("1", "L", "LA", "La") else "RGBA")
        alpha = image.getchannel("A")
        image = image.convert("L" if image.mode == "LA" else "RGB")
        if alpha.getextrema()[1] == 0:
            alpha = _empty_mask(image, alpha, notes)
    elif image.mode in ("1", "P", "PA", "YCbCr", "HSV", "RGBX"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    image = _in_srgb(image, profile, notes)
    if alpha is not None:
        image.putalpha(alpha)
    return image


def _empty_mask(image: Image.Image, alpha: Image.Image, notes: Notes) -> Image.Image | None:
    """The alpha to use where all of it is 0: none if there is something below it."""
    extrema = image.getextrema()
    flat = all(low == high for low, high in ([extrema] if image.mode == "L" else extrema))  # type: ignore[misc]
    notes.append("wholly transparent, taken as white" if flat else "wholly transparent, so its alpha was ignored")
    return alpha if flat else None


# ------------------------------------------------------------------------------------------- profiles


def _in_srgb(image: Image.Image, profile: bytes | None, notes: Notes) -> Image.Image:
    """Apply a profile to an image of mode L, RGB, CMYK or LAB; the result has mode L or RGB."""
    if image.mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        found = ImageCms.profileToProfile(image, lab, ImageCms.createProfile("sRGB"), outputMode="RGB")
        assert found is not None
        return found
    space, transform = "none", None
    if profile:
        try:
            space = _space(profile)
            wanted = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}.get(space)
            # Grey pixels may carry a profile for RGB; and one for grey fits RGB pixels that are all grey.
            fits = wanted == image.mode or (image.mode, wanted) == ("L", "RGB")
            if fits or ((image.mode, wanted) == ("RGB", "L") and _is_grey(image)):
                transform = _transform(profile, wanted or "")
                if transform is None:
                    return image
                found = ImageCms.applyTransform(image.convert(wanted), transform)
                assert found is not None
                return found.convert("L") if image.mode == "L" else found
        except (OSError, ImageCms.PyCMSError):
            space = "none"
            notes.append("its colour profile is damaged and was ignored")
    if space != "none":
        notes.append(f"its colour profile is for {space} and not for {image.mode}, so it was ignored")
    if image.mode == "CMYK" and space == "none":
        notes.append("CMYK without a colour profile, converted by a plain formula")
    return image if image.mode == "L" else image.convert("RGB")


def _is_grey(image: Image.Image) -> bool:
    red, green, blue = (np.asarray(channel) for channel in image.split())
    return np.array_equal(red, green) and np.array_equal(red, blue)


@functools.lru_cache(maxsize=32)
def _space(profile: bytes) -> str:
    """What a profile's pixels are: "RGB", "GRAY", "CMYK", ...

    Raises:
        OSError, ImageCms.PyCMSError: it is damaged.
    """
    return ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space.strip()


@functools.lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile's colours to sRGB; None where it is sRGB (up to rounding), so that such pixels stay as they are."""
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode == "CMYK":
        return transform
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3)
    probe = Image.fromarray(cube if mode == "RGB" else np.arange(256, dtype=np.uint8)[None])
    found = ImageCms.applyTransform(probe, transform)
    assert found is not None
    moved = np.abs(np.asarray(found).astype(int) - np.asarray(probe.convert("RGB")).astype(int)).max()
    return None if moved <= SAME else transform


# ------------------------------------------------------------------------------------ deep and float grey


def grey_to_uint8(image: Image.Image, notes: Notes | None = None) -> Image.Image:
    """Scale grey of mode I;16, I or F to 8 bits: mode L, or LA where one value means transparent.

    White is where the file says so: by the bits a value has, by its minimum and maximum, inverted for "white is zero".
    Floats and 32-bit integers that say nothing are taken to go from 0 to 1, 255 or 65535, whichever fits almost all
    values; where none does, their range is stretched, and a note says so.
    """
    notes = [] if notes is None else notes
    tags = image.info.get(TAGS_KEY, {})
    values = np.asarray(image)
    if image.mode == "I" and _first(tags.get(BITS)) == 32 and _first(tags.get(FORMAT), 1) == 1:
        values = values.astype(np.int32).view(np.uint32)  # Pillow takes unsigned ones for signed ones
    values = values.astype(np.float64)
    clear = image.info.get("transparency")
    hidden = values == clear if isinstance(clear, int) else None
    usable = np.isfinite(values) & (np.abs(values) < NO_VALUE_ABOVE)
    for none in (*NO_VALUE, _number(tags.get(NO_DATA))):
        usable &= values != none
    low, high = _range(image.mode, values[usable], tags, notes) if usable.any() else (0.0, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not usable may be of any size
        grey = np.clip(np.nan_to_num((values - low) * (255 / ((high - low) or 1.0)), posinf=255, neginf=0), 0, 255)
    if _number(tags.get(PHOTOMETRIC)) == 0:  # white is zero
        grey[usable] = 255 - grey[usable]
    found = Image.fromarray(np.rint(grey).astype(np.uint8))
    if hidden is not None and hidden.any():
        found.putalpha(Image.fromarray(np.where(hidden, 0, 255).astype(np.uint8)))
    return found


def _range(mode: str, values: np.ndarray, tags, notes: Notes) -> tuple[float, float]:
    """The values that mean black and white; for "white is zero" the other way round."""
    low = float(np.percentile(values, OUTLIERS, method="inverted_cdf"))
    high = float(np.percentile(values, 100 - OUTLIERS, method="inverted_cdf"))
    declared = [next((_number(tags[tag]) for tag in pair if tag in tags), None) for pair in (MINIMA, MAXIMA)]
    if declared[1] is not None and (declared[0] or 0) < declared[1] and high <= declared[1] * OVERSHOOT:
        return declared[0] or 0.0, declared[1]
    bits = _first(tags.get(BITS), 16)
    if mode.startswith("I;16"):
        white = 2.0 ** (bits if 8 < bits <= 16 else 16) - 1
        if 0 < high < white / 8:
            notes.append(DARK)
        return 0.0, white
    for white in SCALES[1:] if mode == "I" else SCALES:
        # Far below white, another white was meant: whole numbers have 8, 16 or 32 bits, floats may go to anything.
        enough = white == 1 or (mode == "I" and white < SCALES[-1]) or high >= white / 8
        if low >= (1 - OVERSHOOT) * white and high <= white * OVERSHOOT and enough:
            if mode == "I" and white > 255 and high < white / 8:
                notes.append(DARK)
            return 0.0, white
    notes.append("grey without a known range, stretched from its darkest to its lightest value")
    return low, high


def _first(value: object, default: int = 0) -> int:
    """The first of a tag's values as an int."""
    number = _number(value)
    return default if number is None else int(number)


def _number(value: object) -> float | None:
    """A tag's (first) value as a number; None where it is none."""
    if isinstance(value, tuple):
        value = value[0] if value else None
    try:
        return None if value is None else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
