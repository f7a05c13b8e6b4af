"""Images: finding them, reading any of them, choosing among them, and caching the result.

The steps are those of study 1 (colour field painting): collect images, throw out the poor ones, squeeze each into a
small square, add five flipped and rotated copies of it. Everything downstream sees one thing, a `Pictures`: an array
of uint8 squares that knows which files are copies of one painting.

- `folders`: which image files a folder holds, and where a study's folder is
- `decoding`: one file, whatever its format and mode, as 8-bit RGB
- `cache`: a folder as one array, decoded once
- `dataset`: the array that knows its paintings, and choosing among them
- `labels`: the list beside a folder that says which images the authors rejected or chose
- `loading`: all of that in one call, `load`; synthetic placeholders where there are no images
- `pairs`: two domains to translate between

Nothing here needs Keras, so that listing and checking images stays instant.
"""

from artkeras.data.cache import is_array, write_array
from artkeras.data.dataset import COPIES, Pictures, augmented, group_paintings, to_float, to_uint8
from artkeras.data.decoding import (
    FITS,
    HALVES,
    decode,
    decoders,
    grey_to_uint8,
    picture,
    to_rgb,
    to_square,
    upright,
)
from artkeras.data.folders import (
    EXTENSIONS,
    PACKED,
    PACKED_FACTS,
    checked_folder,
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
from artkeras.data.labels import SUBSETS, belongs, label_of, labels_path, read_labels
from artkeras.data.loading import STAND_IN_SOURCE, load, read, stand_ins

__all__ = [
    "COPIES",
    "EXTENSIONS",
    "FITS",
    "HALVES",
    "PACKED",
    "PACKED_FACTS",
    "STAND_IN_SOURCE",
    "SUBSETS",
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
    "is_array",
    "label_of",
    "labels_path",
    "list_images",
    "load",
    "natural_key",
    "none_readable",
    "picture",
    "read",
    "read_labels",
    "reason",
    "stand_ins",
    "to_float",
    "to_rgb",
    "to_square",
    "to_uint8",
    "upright",
    "write_array",
]
