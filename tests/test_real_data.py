"""The published counts, from the real pictures: only where ARTKERAS_DATA points at them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from artkeras import data

PLACE = os.environ.get("ARTKERAS_DATA", "")
THERE = Path(PLACE, "colour_field").is_dir() and Path(PLACE, "colour_field_labels.csv").is_file()

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not (PLACE and THERE),
        reason="ARTKERAS_DATA does not point at a folder with colour_field and colour_field_labels.csv",
    ),
]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """One fresh cache for the whole file, so that the pictures are decoded once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTKERAS_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.mark.parametrize(("subset", "paintings", "pictures"), [("kept", 922, 5532), ("curated", 276, 1656)])
def test_published_counts(subset, paintings, pictures):
    training, held = data.load("colour_field", 64, subset=subset)
    assert held is None
    assert not training.synthetic
    assert len(np.unique(training.paintings)) == paintings
    assert len(training) == pictures
    assert training.skipped == ()


def test_a_split_of_the_real_pictures_shares_neither_painting_nor_content():
    training, held = data.load("colour_field", 64, holdout=0.1)
    assert len(training) + 6 * len(held) == 5532
    assert not np.isin(held.paintings, training.paintings).any()
    contents = {picture.tobytes() for picture in training.array}
    assert not any(picture.tobytes() in contents for picture in held.array)


def test_pictures_are_not_blank():
    training, _ = data.load("colour_field", 64)
    assert training.array.shape == (922, 64, 64, 3)
    assert (training.array.reshape(922, -1).std(axis=1) > 0).mean() > 0.99
