"""The statistics of raters against published examples, and against what is known of made-up raters."""

import numpy as np
import pytest

from artkeras.metrics.statistics import alpha, bootstrap, mean, share, spread, wilson

NONE = np.nan
# K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011: four observers, twelve units, some left out
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
).T
TWO_OBSERVERS = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]], float).T  # the same paper


def test_alpha_is_that_of_the_published_examples():
    assert alpha(KRIPPENDORFF) == pytest.approx(0.849, abs=5e-4)
    # by hand: 20 values, 14 of them 0 and 6 of them 1, and 4 units that disagree
    assert alpha(TWO_OBSERVERS) == pytest.approx(1 - 19 * 4 / (14 * 6))
    assert alpha(TWO_OBSERVERS) == pytest.approx(0.095, abs=5e-4)


def test_alpha_is_1_for_agreement_about_0_for_chance_and_below_for_contradiction():
    stars = np.random.default_rng(0).integers(1, 6, (400, 1)).astype(float)
    assert alpha(np.repeat(stars, 3, axis=1)) == 1
    assert abs(alpha(np.random.default_rng(1).integers(1, 6, (400, 4)).astype(float))) < 0.06
    assert alpha(np.hstack([stars, 6 - stars])) < -0.9


def test_alpha_sees_a_milder_rater_where_a_correlation_does_not():
    strict = np.array([1.0, 2, 3, 2, 1, 3])
    both = np.stack([strict, strict + 2], axis=1)
    assert np.corrcoef(both.T)[0, 1] == pytest.approx(1)
    assert alpha(both) < 0


def test_alpha_does_not_exist_for_one_rater_or_for_equal_answers():
    assert np.isnan(alpha(np.array([[1.0], [3.0]])))
    assert np.isnan(alpha(np.full((4, 3), 5.0)))
    assert np.isnan(alpha(np.array([[1.0, NONE], [NONE, 2.0]])))  # nobody judged what somebody else judged
    assert np.isnan(alpha(np.empty((0, 3))))


def test_wilson_is_the_published_interval():
    assert wilson(5, 7) == pytest.approx((0.359, 0.918), abs=1e-3)
    assert wilson(0, 15) == pytest.approx((0, 0.2039), abs=1e-3)
    assert wilson(15, 15)[1] == 1 and wilson(0, 0) == (0, 1)


def test_mean_and_spread_are_those_of_the_answers_given():
    table = np.array([[1.0, 2.0], [NONE, 6.0]])
    assert (mean(table), spread(table)) == (3.0, pytest.approx(np.std([1, 2, 6], ddof=1)))
    assert np.isnan(mean(np.full((2, 2), NONE))) and np.isnan(spread(np.array([[1.0, NONE]])))


def test_raters_who_say_the_same_are_no_more_evidence_than_one():
    one = np.array([[1.0], [0], [0], [1], [0], [0], [1], [0]])
    assert share(np.repeat(one, 5, axis=1)) == pytest.approx(share(one))
    assert share(one) == pytest.approx((3 / 8, *wilson(3, 8)))


def test_raters_who_are_independent_are_more_evidence():
    votes = (np.random.default_rng(0).random((40, 5)) < 0.4).astype(float)
    value, low, high = share(votes)
    assert value == votes.mean()
    of_all, of_pictures = (np.subtract(*wilson(value * n, n)[::-1]) for n in (200, 40))
    assert of_all <= high - low < 0.8 * of_pictures


def test_a_share_of_nothing_or_everything_has_an_interval_and_no_answers_have_none():
    assert share(np.zeros((20, 5))) == pytest.approx((0, *wilson(0, 20)))
    assert share(np.ones((20, 5))) == pytest.approx((1, *wilson(20, 20)))
    assert np.isnan(share(np.full((20, 5), NONE))).all()
    table = np.array([[1.0, NONE], [0.0, 1.0], [NONE, NONE]])  # the third picture says nothing
    assert share(table) == pytest.approx(share(table[:2])) and share(table).value == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "estimate, truth",
    [(lambda rated: bootstrap(mean, rated, draws=200), 3.0), (lambda rated: share((rated > 3).astype(float)), 0.5)],
    ids=["bootstrap", "share"],
)
def test_intervals_hold_the_truth_about_as_often_as_they_claim(estimate, truth):
    """Pictures differ and raters err: 150 experiments of 25 pictures and 4 raters."""
    held = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        rated = 3 + rng.normal(size=(25, 1)) + rng.normal(size=(25, 4))
        _, low, high = estimate(rated)
        held += low <= truth <= high
    assert 0.87 <= held / 150 <= 0.99  # 95 %, less a little for so few pictures; binomial spread 0.02


def test_the_bootstrap_is_seeded_and_says_nothing_where_there_is_nothing_to_say():
    one = bootstrap(alpha, KRIPPENDORFF, draws=100)
    assert one == bootstrap(alpha, KRIPPENDORFF, draws=100) != bootstrap(alpha, KRIPPENDORFF, draws=100, seed=1)
    assert one.value == alpha(KRIPPENDORFF) and one.low < one.value <= one.high
    assert np.isnan(bootstrap(alpha, np.full((5, 2), 3.0))).all()
    value, low, high = bootstrap(mean, np.array([[4.0, 2.0]]))
    assert value == 3 and np.isnan([low, high]).all()  # of one picture


def test_the_bootstrap_of_a_difference_draws_from_both_tables():
    rng = np.random.default_rng(0)
    better, worse = rng.normal(4, 1, (30, 3)), rng.normal(3, 1, (20, 3))
    value, low, high = bootstrap(lambda a, b: mean(a) - mean(b), better, worse)
    assert value == pytest.approx(better.mean() - worse.mean())
    assert 0 < low < value < high < 2
