"""Files of the kit: written whole or not at all, in the folder that the user chose."""

from __future__ import annotations

import json
import os

import pytest

from artkeras import files


@pytest.mark.parametrize("failure", [ValueError, OSError, KeyboardInterrupt])
def test_atomic_keeps_the_old_file_and_leaves_nothing_behind_on_failure(tmp_path, failure):
    path = tmp_path / "out" / "log.json"
    with files.atomic(path) as part:
        assert part.parent == path.parent
        assert part.name.startswith(".")
        assert part.name.endswith(".part")
        part.write_text("old")
        assert not path.exists()
    with pytest.raises(failure), files.atomic(path) as part:
        part.write_text("half of the n")
        raise failure
    assert path.read_text() == "old"
    assert os.listdir(path.parent) == ["log.json"]
    with files.atomic(path) as part:
        part.write_text(json.dumps("new"))
    assert path.read_text() == '"new"'
    assert os.listdir(path.parent) == ["log.json"]


def test_atomic_leaves_nothing_behind_when_the_move_fails(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").write_text("")
    with pytest.raises(OSError, match="taken"), files.atomic(tmp_path / "taken") as part:
        part.write_text("new")
    assert os.listdir(tmp_path / "taken") == ["x"]
    assert not list(tmp_path.glob(".*.part"))


def test_home_is_the_environments_or_the_users(monkeypatch, tmp_path):
    assert files.home() == tmp_path / "home"
    monkeypatch.delenv("ARTKERAS_HOME")
    assert files.home().name.lower() in ("artkeras", "cache")
