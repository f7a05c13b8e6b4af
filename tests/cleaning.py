"""Folders of pictures to clean, for the tests of that."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PIL import Image

from artkeras import data
from data_tools import __main__, study
from data_tools.faults import SIZE, painting


def fill(folder: Path, count: int = 8, size: int = SIZE) -> Path:
    """A folder of good paintings."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        painting(number, size).save(folder / f"Some Painter{number}.jpg", quality=92)
    return folder


def state(folder: Path) -> dict[str, str]:
    """Every file below a folder, with its content and its time."""
    return {
        path.relative_to(
            folder
        ).as_posix(): f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def call(*arguments) -> int:
    return __main__.main([str(argument) for argument in arguments])


def refused(capsys, *arguments) -> str:
    """The one line with which a command refuses."""
    try:
        status = call(*arguments)
    except SystemExit as stop:
        status = stop.code
    said = capsys.readouterr().err
    assert status == 2
    assert said.startswith("data_tools: ") and said.count("\n") == 1
    return said


def small_study(monkeypatch, tmp_path, count: int = 12) -> tuple[Path, Path]:
    """A folder of procedural paintings, and a study whose authors rejected two of them and chose four."""
    folder = fill(tmp_path / "original", count, 128)
    names = data.list_images(folder).names
    labels = tmp_path / "labels.csv"
    lines = [f"{name},Some Painter,{int(i < 2)},{int(4 <= i < 8)}" for i, name in enumerate(names)]
    labels.write_text("\n".join(["file,artist,rejected,curated", *lines]) + "\n")
    monkeypatch.setattr(study, "FOLDER", tmp_path / "studies")
    assert study.make(folder, labels, tmp_path / "studies" / "small.csv") == count
    return folder, labels


def disguised(folder: Path, out: Path) -> dict[str, str]:
    """Copies of other names, sizes and compression: new name -> old name."""
    out.mkdir()
    names = {}
    for number, name in enumerate(data.list_images(folder).names):
        image = Image.open(folder / name).convert("RGB")
        factor = (0.5, 1, 2.3)[number % 3]
        new = f"work-{997 * (number + 1) % 1000:03d}.{('jpg', 'webp', 'png')[number % 3]}"
        size = (round(image.width * factor), round(image.height * factor))
        image.resize(size, Image.Resampling.LANCZOS).save(out / new, quality=72)
        names[new] = name
    return names
