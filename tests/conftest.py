"""What all tests share: a cache folder of their own, no pictures from outside, tiny recipes."""

from dataclasses import replace

import pytest


@pytest.fixture(autouse=True)
def own_places(monkeypatch, tmp_path, request):
    """Every test gets an empty cache and finds no pictures but its own; tests of real pictures find those."""
    monkeypatch.setenv("ARTKERAS_HOME", str(tmp_path / "home"))
    if "real" not in request.keywords:
        monkeypatch.delenv("ARTKERAS_DATA", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def tiny():
    """Model 2 as small as it gets: 16 px, width 2, batch 8, 12 paintings (9 steps an epoch), 2 epochs."""
    from artkeras.recipes.colour_field import MODEL_2

    return replace(MODEL_2, size=16, width=2, batch_size=8, limit=12, epochs=2, sample_every=1)
