"""Reading folders of pictures and drawing batches from them: is the time linear, does memory stay flat?

    python -m benchmarks.pictures FOLDER      measures one folder in this process; prints JSON

The pictures are JPEGs of 210 x 160, about the size of the study's, of invented paintings; they go when it is done.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

COUNTS = (5_000, 20_000, 80_000)
PAINTINGS = 20  # different ones; each file gets an end of its own
BATCH, BATCHES = 128, 300


def measure(counts: Sequence[int], log: Callable[[str], None] = print) -> list[dict[str, Any]]:
    """Measure folders of so many pictures, each twice: read for the first time, then again from the cache.

    Returns:
        Per count: `files`; `first` and `again`, each as `measure_folder` gives it.
    """
    found = []
    with tempfile.TemporaryDirectory() as place:
        folder, home = Path(place, "pictures"), Path(place, "home")
        folder.mkdir()
        bare, encoded = _ask(folder, home, "bare"), encoded_squares()
        made = 0
        for count in sorted(counts):
            log(f"pictures: {count:,} files")
            for number in range(made, count):  # decoders stop at the end mark; the hash of a file does not
                (folder / f"{number}.jpg").write_bytes(encoded[number % PAINTINGS] + b"%d" % number)
            made = count
            first, again = _ask(folder, home), _ask(folder, home)
            for entry in (first, again):
                entry["memory"] -= bare["memory"]
            found.append({"files": count, "first": first, "again": again})
            for cached in (home / "pictures").iterdir():
                cached.unlink()
    return found


def encoded_squares() -> list[bytes]:
    """The JPEGs that are written again and again."""
    from PIL import Image

    from artkeras import synthetic

    found = []
    for square in synthetic.colour_field(PAINTINGS, 210, seed=0):
        stream = io.BytesIO()
        Image.fromarray(square[:160]).save(stream, "JPEG", quality=85)
        found.append(stream.getvalue())
    return found


def _ask(folder: Path, home: Path, *more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.pictures", str(folder), *more]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "ARTKERAS_HOME": str(home)})
    if done.returncode:
        raise RuntimeError(f"reading pictures failed: {done.stderr[-500:]}")
    return json.loads(done.stdout)


class _OwnMemory:
    """The most memory of its own this process has while the block runs, mapped files not counted.

    Pages of a mapped file are lent: the system takes them back when it needs them. Where it does not tell them apart
    (not Linux), they are counted.
    """

    def __enter__(self) -> _OwnMemory:
        self.most, self._done = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        from benchmarks.worker import memory

        while True:
            self.most = max(self.most, memory("RssAnon"))
            if self._done.wait(0.02):
                return

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def measure_folder(folder: Path) -> dict[str, Any]:
    """Read a folder at 64 x 64, then draw batches from its six copies each.

    Returns:
        Seconds to `load` all files; `drawn` pictures a second; peak of own `memory` in bytes; whether it is `mapped`.
    """
    import numpy as np

    from artkeras import data

    with _OwnMemory() as own:
        start = time.perf_counter()
        pictures, _ = data.load("colour_field", 64, folder=folder)
        seconds = time.perf_counter() - start
        random = np.random.default_rng(0)
        start = time.perf_counter()
        for _ in range(BATCHES):
            pictures.take(random.integers(len(pictures), size=BATCH))
        drawn = BATCH * BATCHES / (time.perf_counter() - start)
    mapped = isinstance(pictures.array, np.memmap)
    return {"load": seconds, "drawn": drawn, "memory": own.most, "mapped": mapped}


def main(arguments: Sequence[str]) -> None:
    """Measure a folder, or with "bare" only what the process needs before it."""
    from artkeras import data, recipe  # noqa: F401  (loaded before memory is watched)

    if arguments[1:]:
        with _OwnMemory() as own:
            pass
        print(json.dumps({"memory": own.most}))
    else:
        print(json.dumps(measure_folder(Path(arguments[0]))))


if __name__ == "__main__":
    main(sys.argv[1:])
