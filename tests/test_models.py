"""The two ways of taking turns: who moves when, on which pictures, judged how."""

import numpy as np
import pytest
import watching

from artkeras.engine import assign, keras
from artkeras.losses import LEAST_SQUARES, SMOOTHED_BCE
from artkeras.models.gan import adam, frozen
from artkeras.recipes import RECIPES

NORMS = [(False, False), (True, False), (True, True)]  # models 1, 2 and 3: norm in generator, in discriminator
IDS = ["model_1", "model_2", "model_3"]
NAMES = ["d_loss", "g_loss", "d_real", "d_fake"]


def cross_entropy(scores, label):
    scores = np.asarray(scores, "float64")
    return float(np.mean(np.logaddexp(0, scores) - label * scores))


def scores_at(model, state, pictures, training=True):
    """The discriminator's scores of an array of pictures at a snapshot."""
    return watching.at(model, state, lambda: model.discriminator(pictures, training=training))


def pictures_at(model, state, latents, training):
    """The generator's pictures of an array of latents at a snapshot."""
    return watching.at(model, state, lambda: model.generator(latents, training=training))


# --- the published step -------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", NORMS, ids=IDS)
def test_published_step_moves_discriminator_twice_then_generator_alone(norm):
    model = watching.model(norm=norm)
    facts = watching.who_moved(model, watching.watch(model, watching.pictures(8)))
    assert facts == watching.published_turns(norm, 8)


def test_published_step_uses_64_real_pictures_64_fakes_and_128_latents():
    model, batch = watching.model(), watching.pictures(128)
    step = watching.watch(model, batch)
    assert [len(judged) for judged in step.judged] == [64, 64]
    assert [latents.shape for latents in step.latents] == [(64, watching.LATENT_DIM), (128, watching.LATENT_DIM)]
    assert step.seen[-2:] == [("generator", 2, True, True, 128), ("discriminator", 2, True, False, 128)]
    assert step.labels == [True, False, True]
    np.testing.assert_allclose(step.judged[0], batch[:64] / 127.5 - 1, atol=1e-6)


def test_fakes_shown_to_the_discriminator_come_from_the_generator_at_inference():
    model = watching.model(norm=(True, True))
    step = watching.watch(model, watching.pictures(8))
    at_inference = pictures_at(model, step.start, step.latents[0], training=False)
    np.testing.assert_allclose(step.judged[1], at_inference, atol=1e-5)
    in_training = pictures_at(model, step.start, step.latents[0], training=True)
    assert np.abs(step.judged[1] - in_training).max() > 0.05  # so the comparison tells the two apart


def test_generator_is_judged_on_moving_statistics_of_the_twice_moved_discriminator():
    model = watching.model(norm=(True, True), dropout=0.0, optimizer=lambda: adam(0.01))
    step = watching.watch(model, watching.pictures(8))
    before = step.turns[2].before
    fakes = pictures_at(model, before, step.latents[1], training=True)
    expected = cross_entropy(scores_at(model, before, fakes, training=False), 1)
    assert step.logs["g_loss"] == pytest.approx(expected, rel=1e-4)
    on_batch_statistics = cross_entropy(scores_at(model, before, fakes, training=True), 1)
    assert abs(step.logs["g_loss"] - on_batch_statistics) > 0.01
    unmoved = cross_entropy(scores_at(model, step.start, fakes, training=False), 1)
    assert abs(step.logs["g_loss"] - unmoved) > 0.01


@pytest.mark.parametrize(("dropout", "alive"), [(0.4, True), (0.0, False)])
def test_dropout_is_live_while_the_generator_is_judged(dropout, alive):
    model = watching.model(dropout=dropout)

    def twice(turn, loss_fn):
        return [loss_fn()[0], loss_fn()[0]] if turn == 2 else 0.0

    one, other = watching.watch(model, watching.pictures(8), before_turn=twice).noted[2]
    assert (abs(one - other) > 1e-3) == alive


def test_d_loss_is_the_mean_of_two_losses_each_before_its_own_update():
    model = watching.model(norm=(True, True), dropout=0.0, optimizer=lambda: adam(0.01))
    step = watching.watch(model, watching.pictures(8))
    real_scores = scores_at(model, step.start, step.judged[0])
    fake_scores = scores_at(model, step.turns[1].before, step.judged[1])  # the discriminator has moved once
    assert step.turns[0].loss == pytest.approx(cross_entropy(real_scores, 1), rel=1e-4)
    assert step.turns[1].loss == pytest.approx(cross_entropy(fake_scores, 0), rel=1e-4)
    not_moved = cross_entropy(scores_at(model, step.start, step.judged[1]), 0)
    assert abs(step.turns[1].loss - not_moved) > 0.01
    assert step.logs["d_loss"] == pytest.approx((step.turns[0].loss + step.turns[1].loss) / 2, rel=1e-6)
    assert step.logs["g_loss"] == pytest.approx(step.turns[2].loss)
    assert step.logs["d_real"] == np.mean(real_scores > 0)
    assert step.logs["d_fake"] == np.mean(fake_scores <= 0)


def test_published_optimizer_is_adam_with_its_two_numbers_for_both_players():
    for optimizer in watching.model().optimizers.values():
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert float(optimizer.learning_rate) == pytest.approx(2e-4)
        assert (optimizer.beta_1, optimizer.beta_2) == (0.5, 0.999)


# --- the published step with one change -----------------------------------------------------------------------


def test_mixed_the_discriminator_judges_both_halves_in_one_batch_and_moves_once():
    model = watching.model(norm=(True, True), dropout=0.0, mixed=True)
    step = watching.watch(model, watching.pictures(8))
    assert [turn.asked for turn in step.turns] == ["discriminator weights", "generator weights"]
    fakes = pictures_at(model, step.start, step.latents[0], training=False)
    real = watching.number(model.scale(watching.pictures(8)[:4]))
    joint = scores_at(model, step.start, np.concatenate([real, fakes]))
    together = (cross_entropy(joint[:4], 1) + cross_entropy(joint[4:], 0)) / 2
    assert step.logs["d_loss"] == pytest.approx(together, rel=1e-4)
    apart = cross_entropy(scores_at(model, step.start, real), 1) + cross_entropy(scores_at(model, step.start, fakes), 0)
    assert abs(step.logs["d_loss"] - apart / 2) > 0.005
    assert step.logs["d_real"] == np.mean(joint[:4] > 0)
    assert step.logs["d_fake"] == np.mean(joint[4:] <= 0)


def test_without_moving_statistics_the_generator_is_judged_by_those_of_its_fakes():
    model = watching.model(norm=(True, True), dropout=0.0, moving_statistics=False, optimizer=lambda: adam(0.01))
    step = watching.watch(model, watching.pictures(8))
    before = step.turns[2].before
    fakes = pictures_at(model, before, step.latents[1], training=True)
    expected = cross_entropy(scores_at(model, before, fakes, training=True), 1)
    assert step.logs["g_loss"] == pytest.approx(expected, rel=1e-4)
    moved = watching.moved(model, before, step.turns[2].after)
    assert "discriminator weights" not in moved and "generator weights" in moved


# --- the ordinary step --------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", NORMS, ids=IDS)
def test_alternating_step_moves_each_player_once(norm):
    model = watching.model("GAN", norm=norm)
    facts = watching.who_moved(model, watching.watch(model, watching.pictures(8)))
    assert facts == watching.alternating_turns(norm, 8)


def test_alternating_step_judges_real_and_fake_each_with_their_own_batch_statistics():
    model = watching.model("GAN", norm=(True, True), dropout=0.0)
    step = watching.watch(model, watching.pictures(8))
    real_scores, fake_scores = (scores_at(model, step.start, shown) for shown in step.judged)
    separate = cross_entropy(real_scores, 1) + cross_entropy(fake_scores, 0)
    assert step.logs["d_loss"] == pytest.approx(separate, rel=1e-4)
    joint = scores_at(model, step.start, np.concatenate(step.judged))
    assert abs(separate - cross_entropy(joint[:8], 1) - cross_entropy(joint[8:], 0)) > 0.01
    assert step.logs["d_real"] == np.mean(real_scores > 0)
    assert step.logs["d_fake"] == np.mean(fake_scores <= 0)
    assert step.labels == [True, False, True]


def test_alternating_step_shows_both_players_the_same_fakes():
    model = watching.model("GAN", norm=(True, True), dropout=0.0)
    step = watching.watch(model, watching.pictures(8))
    assert len(step.latents) == 1
    fakes = pictures_at(model, step.start, step.latents[0], training=True)
    np.testing.assert_allclose(step.judged[1], fakes, atol=1e-5)
    # the generator is judged by the discriminator as it now is, on the batch statistics of its fakes
    judged = cross_entropy(scores_at(model, step.turns[1].before, fakes), 1)
    assert step.logs["g_loss"] == pytest.approx(judged, rel=1e-4)


def test_generators_statistics_move_exactly_once_in_an_alternating_step():
    model = watching.model("GAN", norm=(True, True))
    step = watching.watch(model, watching.pictures(8))
    statistics = [name for name, kind in watching.kinds(model).items() if kind == "generator statistics"]

    def after(passes):
        for _ in range(passes):
            model.generator(step.latents[0], training=True)
        return {name: model.state()[name].value for name in statistics}

    once, twice = (watching.at(model, step.start, lambda passes=passes: after(passes)) for passes in (1, 2))
    for name in statistics:
        np.testing.assert_allclose(step.end[name], once[name], rtol=1e-4, atol=1e-6)
    assert any(np.abs(once[name] - twice[name]).max() > 1e-3 for name in statistics)


# --- both ---------------------------------------------------------------------------------------------

KINDS = ["GAN", "CombinedGAN"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", [LEAST_SQUARES, SMOOTHED_BCE], ids=["least_squares", "smoothed"])
def test_step_works_with_every_loss_and_draws_labels_from_its_own_seed(kind, loss):
    model = watching.model(kind, loss=loss)
    before = watching.snapshot(model)["model/000"]
    step = watching.watch(model, watching.pictures(8))
    assert step.names == NAMES
    assert np.isfinite(list(step.logs.values())).all()
    in_turns = [
        "latents seed" in watching.moved(model, turn.before, turn.after) for turn in step.turns
    ]  # labels are drawn while a loss is taken
    assert in_turns == [loss is SMOOTHED_BCE] * len(step.turns)
    assert not np.array_equal(before, step.end["model/000"])


@pytest.mark.parametrize("kind", KINDS)
def test_probe_measures_and_moves_nothing(kind):
    model = watching.model(kind, norm=(True, True), dropout=0.0)
    shown = watching.pictures(8)
    before = watching.snapshot(model)
    found = {name: float(value) for name, value in model.probe(shown).items()}
    assert watching.moved(model, before, watching.snapshot(model)) == []
    assert list(found) == ["train_eval_gap_real", "train_eval_gap_fake", "g_gradient"]
    real = watching.number(model.scale(shown))
    gap = scores_at(model, before, real).mean() - scores_at(model, before, real, training=False).mean()
    assert found["train_eval_gap_real"] == pytest.approx(gap, rel=1e-3)
    assert abs(found["train_eval_gap_fake"]) > 1e-3 and found["g_gradient"] > 1e-4


def test_probe_sees_no_gap_where_nothing_depends_on_the_batch_and_no_gradient_where_the_score_saturates():
    model = watching.model(norm=(True, False), dropout=0.0)
    found = {name: float(value) for name, value in model.probe(watching.pictures(8)).items()}
    assert abs(found["train_eval_gap_real"]) < 1e-5 and abs(found["train_eval_gap_fake"]) < 1e-5
    model.discriminator.layers[-1].bias.assign([60.0])  # "surely real": the generator has nothing to learn
    assert float(model.probe(watching.pictures(8))["g_gradient"]) < 1e-6 < found["g_gradient"]


@pytest.mark.parametrize("kind", KINDS)
def test_discriminator_is_trainable_again_after_a_step(kind):
    model = watching.model(kind)
    weights = len(model.discriminator.trainable_variables)
    watching.watch(model, watching.pictures(4))
    assert model.discriminator.trainable
    assert all(layer.trainable for layer in model.discriminator.layers)
    assert len(model.discriminator.trainable_variables) == weights


def test_discriminator_is_trainable_again_after_an_error():
    network = watching.model().discriminator
    with pytest.raises(RuntimeError, match="on purpose"), frozen(network):
        assert not network.trainable_variables
        raise RuntimeError("on purpose")
    assert network.trainable_variables


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.0, 1.0)])
def test_pixel_range_is_what_black_and_white_become(low, high):
    model = watching.model(pixel_range=(low, high))
    scaled = model.scale(np.array([0, 255, 51], dtype="uint8"))
    assert keras.backend.standardize_dtype(scaled.dtype) == "float32"
    np.testing.assert_allclose(watching.number(scaled), [low, high, low + (high - low) / 5], atol=1e-6)


def test_published_faults_pixel_range_reaches_the_discriminator(tiny):
    from dataclasses import replace

    faulty = replace(RECIPES["colour_field/model_1_as_published"], size=16, width=2, batch_size=4)
    step = watching.watch(faulty.build(), watching.pictures(4))
    assert 0 <= step.judged[0].min() < 0.1
    step = watching.watch(tiny.build(), watching.pictures(4))
    assert -1 <= step.judged[0].min() < -0.9


def test_latents_are_standard_normal_and_follow_the_seed():
    model = watching.model(seed=3)
    drawn = watching.number(model.sample_latents(4000))
    assert drawn.shape == (4000, watching.LATENT_DIM)
    assert drawn.dtype == np.float32
    assert abs(drawn.mean()) < 0.02 and abs(drawn.std() - 1) < 0.02
    np.testing.assert_array_equal(drawn, watching.number(watching.model(seed=3).sample_latents(4000)))
    assert not np.array_equal(drawn, watching.number(model.sample_latents(4000)))
    assert not np.array_equal(drawn, watching.number(watching.model(seed=4).sample_latents(4000)))


# --- fit ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_fit_on_plain_uint8_pictures_does_what_the_step_does(kind):
    by_hand, fitted, batch = watching.model(kind, seed=1), watching.model(kind, seed=1), watching.pictures(8)
    start = watching.snapshot(by_hand)
    assign(fitted.state(), start)  # dropout's seed too
    step = watching.watch(by_hand, batch)
    history = fitted.fit(batch, batch_size=8, shuffle=False, verbose=0).history
    assert sorted(history) == sorted(NAMES)
    assert {name: values[0] for name, values in history.items()} == pytest.approx(step.logs, rel=1e-4)
    end = watching.snapshot(fitted)
    assert watching.moved(fitted, start, end) == watching.moved(by_hand, start, step.end)
    for name, value in step.end.items():
        np.testing.assert_allclose(end[name], value, atol=1e-3, err_msg=name)

    # several steps and epochs: history holds the last step's own numbers, no running means
    seen = []
    watcher = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(dict(logs)))
    history = fitted.fit(watching.pictures(24), batch_size=8, epochs=2, verbose=0, callbacks=[watcher]).history
    assert len(seen) == 6
    for name in NAMES:
        assert np.isfinite(history[name]).all()
        assert history[name] == pytest.approx([float(seen[2][name]), float(seen[5][name])])
    steps = {name: int(watching.number(o.iterations.value)) for name, o in fitted.optimizers.items()}
    assert steps == {"generator": 7, "discriminator": 14 if kind == "CombinedGAN" else 7}


# --- the training state -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_state_names_every_variable_once(kind):
    model = watching.model(kind)
    state = model.state()
    assert len({id(v) for v in state.values()}) == len(state)
    assert {id(v) for v in state.values()} == {id(v) for v in model.all_variables()}
    owners = [model.generator, model.discriminator, model.g_optimizer, model.d_optimizer]
    everything = [v for owner in owners for v in owner.variables] + [model.random.state]
    assert {id(v) for v in everything} == {id(v) for v in state.values()}


def test_state_holds_weights_statistics_seeds_and_both_optimizers_slots():
    model = watching.model()
    count = dict.fromkeys(sorted(set(watching.kinds(model).values())), 0)
    for kind in watching.kinds(model).values():
        count[kind] += 1
    d, g = len(model.discriminator.trainable_variables), len(model.generator.trainable_variables)
    assert count == {
        "discriminator weights": d,
        "discriminator statistics": 6,
        "discriminator dropout seed": 1,
        "discriminator optimizer": 2 + 2 * d,
        "generator weights": g,
        "generator statistics": 4,
        "generator optimizer": 2 + 2 * g,
        "latents seed": 1,
    }


def test_state_restored_into_another_model_continues_alike():
    one, other = watching.model(seed=1), watching.model(seed=2)
    watching.watch(one, watching.pictures(8))
    assign(other.state(), watching.snapshot(one))
    steps = [watching.watch(model, watching.pictures(8, seed=9)) for model in (one, other)]
    assert steps[0].logs == pytest.approx(steps[1].logs, rel=1e-5)
    for name, value in steps[0].end.items():
        np.testing.assert_allclose(steps[1].end[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
