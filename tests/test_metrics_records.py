"""Records of scores: what was measured is part of the name."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from artkeras import metrics

PROTOCOL = {"n_real": 900, "n_fake": 2000, "network": "lite0", "resize": "bicubic224"}


def test_a_metrics_name_is_its_protocol():
    name = metrics.protocol_name("kid", **PROTOCOL, subsets=100, subset_size=500)
    assert name == "kid-lite0-bicubic224-paintings900-samples2000-100x500"
    changes = [{"n_real": 90}, {"n_fake": 500}, {"network": "squeezenet"}, {"resize": "none"}]
    changes += [{"reference": "held_out"}, {"k": 3}, {"subsets": 50, "subset_size": 500}, {}]
    assert len({metrics.protocol_name("kid", **PROTOCOL | change) for change in changes} | {name}) == 9


def test_a_record_is_one_line_of_json_with_everything_in_it():
    score = metrics.Score(0.01, 0.002, 100, 450)
    line = metrics.record("kid", score, **PROTOCOL, run="a", epoch=np.int64(3))
    assert json.loads(json.dumps(line, allow_nan=False)) == {
        "metric": "kid-lite0-bicubic224-paintings900-samples2000-100x450",
        "measure": "kid",
        "value": 0.01,
        "std": 0.002,
        "network": "lite0",
        "resize": "bicubic224",
        "reference": "paintings",
        "n_real": 900,
        "n_fake": 2000,
        "subsets": 100,
        "subset_size": 450,
        "k": None,
        "run": "a",
        "epoch": 3,
    }
    plain = metrics.record("blur", np.float32(0.5), n_real=2, n_fake=3)
    assert plain["metric"] == "blur-pixels-none-paintings2-samples3"
    assert type(plain["value"]) is float and plain["std"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": math.nan}, "value of kid.* is nan"),
        ({"std": math.inf}, "std of kid.* is inf"),
        ({"network": "efficientnet-lite0"}, "words without hyphens"),
        ({"resize": ""}, "words without hyphens"),
        ({"subsets": 5}, "belong together"),
        ({"metric": "x"}, "metric are part of the record"),
    ],
)
def test_a_record_that_would_mislead_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        metrics.record(**{"measure": "kid", "value": 1.0} | PROTOCOL | change)
