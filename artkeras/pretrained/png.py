"""Writing PNG files row by row, for pictures that memory need not hold."""

import struct
import zlib
from typing import BinaryIO

import numpy as np

_KINDS = {1: 0, 2: 4, 3: 2, 4: 6}  # channels: the format's number for grey, grey with alpha, RGB, RGBA


class Writer:
    """Writes one picture of 8 bits a channel into an open file: all rows from top to bottom, then `close`."""

    def __init__(self, file: BinaryIO, height: int, width: int, channels: int, comment: str = ""):
        """Begin a picture of 1 to 4 channels; `comment` is ASCII text, kept in the file."""
        self.file, self.shape = file, (width, channels)
        self.left = height
        self.above = np.zeros((1, width, channels), "uint8")
        self.packer = zlib.compressobj(6)
        file.write(b"\x89PNG\r\n\x1a\n")
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _KINDS[channels], 0, 0, 0))
        self._chunk(b"sRGB", b"\0")  # what the values mean, so that no program has to guess
        if comment:
            self._chunk(b"tEXt", b"Comment\0" + comment.encode("ascii", "replace"))

    def write(self, rows: np.ndarray) -> None:
        """Append (n, width, channels) uint8 rows.

        Raises:
            ValueError: when they have another width, or are more than the picture has.
        """
        if rows.shape[1:] != self.shape or len(rows) > self.left:
            raise ValueError(f"rows of shape {rows.shape} do not fit, {self.left} of {self.shape} are left")
        if not len(rows):
            return
        self.left -= len(rows)
        up = np.concatenate([self.above, rows[:-1]])
        left = np.zeros_like(rows)
        left[:, 1:] = rows[:, :-1]
        # What the format calls filters 1 and 2: each pixel less its neighbour. Per row the one with the smaller sum.
        candidates = np.stack([rows - left, rows - up])
        sums = np.abs(candidates.view("int8").astype("int16")).sum(axis=(2, 3), dtype="int64")
        chosen = sums.argmin(axis=0)
        packed = np.empty((len(rows), 1 + rows[0].size), "uint8")
        packed[:, 0] = chosen + 1
        packed[:, 1:] = candidates[chosen, np.arange(len(rows))].reshape(len(rows), -1)
        self.above = rows[-1:].copy()
        self._chunk(b"IDAT", self.packer.compress(packed.data))

    def close(self) -> None:
        """Write the end.

        Raises:
            ValueError: when rows are missing.
        """
        if self.left:
            raise ValueError(f"{self.left} rows are missing")
        self._chunk(b"IDAT", self.packer.flush())
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, content: bytes) -> None:
        if content or kind == b"IEND":  # the packer often keeps what it is given for later
            check = zlib.crc32(content, zlib.crc32(kind))
            self.file.write(struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check))
