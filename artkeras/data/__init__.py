"""Images: finding them, reading any of them, choosing among them, and caching the result.

The steps are those of study 1 (colour field painting): collect images, throw out the poor ones, squeeze each into a
small square, add five flipped and rotated copies of it. Everything downstream sees one thing, a `Pictures`: an array
of uint8 squares that knows which files are copies of one painting.

- `folders`: which image files a folder holds, and where a study's folder is
- `decoding`: one file, whatever its format, as pixels
- `jpeg`: damage to JPEG files that decoders do not see
- `colour`: any mode as 8-bit sRGB
- `cache`: a folder as one array, decoded once
- `dataset`: the array that knows its paintings, and choosing among them
- `grouping`: which files are copies of one painting
- `given`: the images that a user names for a command, and the PNG files that become of them
- `labels`: the list beside a folder that says which images the authors rejected or chose
- `loading`: all of that in one call, `load`; synthetic placeholders where there are no images
- `pairs`: two domains to translate between

Nothing here needs Keras, so that listing and checking images stays instant.
"""

from artkeras.data.cache import is_array, write_array
from artkeras.data.colour import grey_to_uint8, to_rgb, to_srgb
from artkeras.data.dataset import COPIES, Pictures, augmented, to_float, to_uint8
from artkeras.data.decoding import (
    FITS,
    HALVES,
    decode,
    open_image,
    picture,
    to_square,
    upright,
)
from artkeras.data.folders import (
    EXTENSIONS,
    NOT_UTF8,
    PACKED,
    PACKED_FACTS,
    Listing,
    checked_folder,
    decoders,
    digest,
    files,
    find,
    hash_file,
    hash_files,
    holds_pictures,
    in_threads,
    list_images,
    natural_key,
    none_readable,
    reason,
)
from artkeras.data.given import Given, Inputs, inputs, save_png
from artkeras.data.grouping import group_paintings
from artkeras.data.labels import SUBSETS, belongs, labels_path, match_labels, read_labels
from artkeras.data.loading import SYNTHETIC_SOURCE, load, read, placeholders

__all__ = [
    "NOT_UTF8",
    "COPIES",
    "EXTENSIONS",
    "FITS",
    "HALVES",
    "PACKED",
    "PACKED_FACTS",
    "SYNTHETIC_SOURCE",
    "SUBSETS",
    "Given",
    "Inputs",
    "Listing",
    "Pictures",
    "augmented",
    "belongs",
    "checked_folder",
    "decode",
    "decoders",
    "digest",
    "files",
    "find",
    "grey_to_uint8",
    "group_paintings",
    "hash_file",
    "hash_files",
    "holds_pictures",
    "in_threads",
    "inputs",
    "is_array",
    "labels_path",
    "list_images",
    "load",
    "match_labels",
    "natural_key",
    "none_readable",
    "open_image",
    "picture",
    "read",
    "read_labels",
    "save_png",
    "reason",
    "placeholders",
    "to_float",
    "to_rgb",
    "to_srgb",
    "to_square",
    "to_uint8",
    "upright",
    "write_array",
]
