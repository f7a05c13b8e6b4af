"""JPEG files that decoders take for sound and that are not, and the other way round."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

from PIL import Image

HOLE = 512  # bytes: the smallest piece of a disk or a download that can be missing
END = b"\xff\xd9"
# Two ways to continue a file that breaks off. Bits that are still missing would be read from them.
TAILS = (bytes(64) + END, b"\x55" * 64 + END)


def hole(content: bytes) -> int:
    """How many bytes of zeros stand in the middle of a picture's data where none can be; 0 for a sound file.

    A piece of a file that was never written reads as zeros, and decoders turn it into wrong colours without a word.
    Zeros are the shortest code of the Huffman table (ITU T.81, annex C). Where that code ends a block, a long run of
    them is a flat area; where it is a coefficient, it would be the same pattern in each of many blocks. Of progressive
    files, the scans that refine earlier ones are plain bits, and holes in them are not found.

    Args:
        content: the whole file. What is no JPEG file has no holes.
    """
    start = content.find(bytes(HOLE))
    if start < 0 or not content.startswith(b"\xff\xd8"):
        return 0
    for begin, end, flat in _scans(content):
        found = -1 if flat else content.find(bytes(HOLE), begin, end)
        if found >= 0:
            return len(content[found:end]) - len(content[found:end].lstrip(b"\0"))
    return 0


def completed(content: bytes) -> bytes:
    """A JPEG file that lacks nothing but its end mark, with one; every other file as it is.

    Whether all pixels are there is found out by continuing the file in two ways: if any bit is missing, the pictures
    differ.
    """
    if not content.startswith(b"\xff\xd8") or END in content[-64:]:
        return content
    data = content.rstrip(b"\xff")  # half of the mark
    first, second = (data + tail for tail in TAILS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(first)) as one, Image.open(io.BytesIO(second)) as other:
                return first if one.tobytes() == other.tobytes() else content
    except Exception:  # damaged in another way as well
        return content


def _scans(content: bytes) -> Iterator[tuple[int, int, bool]]:
    """Each scan's entropy-coded data: where it begins and ends, and whether runs of zeros may be flat areas in it."""
    symbols: dict[int, int] = {}  # class and number of a Huffman table -> the symbol of its shortest code, all zeros
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        if marker == 0xD9:
            return
        length = int.from_bytes(content[place + 2 : place + 4], "big")
        body = content[place + 4 : place + 2 + length]
        place += 2 + length
        if marker == 0xC4:
            while len(body) > 17:
                count = sum(body[1:17])
                symbols[body[0]] = body[17]
                body = body[17 + count :]
        elif marker == 0xDA:
            begin = place
            while 0 <= (place := content.find(b"\xff", place)) < len(content) - 1:
                if content[place + 1] == 0 or 0xD0 <= content[place + 1] <= 0xD7:  # stuffing, restarts
                    place += 2
                else:
                    break
            if place < 0 or place >= len(content) - 1:
                place = len(content)
            yield begin, place, _may_be_flat(body, symbols)


def _may_be_flat(header: bytes, symbols: dict[int, int]) -> bool:
    """Whether a scan may hold long runs of zeros, by its header and the tables."""
    if len(header) < 4 or len(header) < 4 + 2 * header[0]:
        return True  # nothing is known
    tables = [header[2 + 2 * index] for index in range(header[0])]
    first, _, approximation = header[1 + 2 * header[0] : 4 + 2 * header[0]]
    if approximation >> 4:  # refines what an earlier scan had: plain bits
        return True
    if header[0] and header[1 + 2 * header[0] + 1] == 0:  # of progressive files: means alone, a difference of 0
        return all(symbols.get(table >> 4, 0) == 0 for table in tables)
    ends = [symbols.get(0x10 | (table & 15), 0) for table in tables]
    # size 0 ends one block or several; only 15 zeros and size 0 is a pause within a block
    return first == 0 and all(symbol == 0 for symbol in ends) or first > 0 and all(not s & 15 for s in ends)
