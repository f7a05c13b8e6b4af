"""The engine: one gradient step, constants, precision, restoring state, and backends that cannot be used."""

import os
import subprocess
import sys

import numpy as np
import pytest
import watching

from artkeras import engine
from artkeras.engine import keras
from artkeras.errors import UserError


def numbers(variables):
    return [watching.number(v.value) for v in variables]


def unchanged(before, variables):
    return all(np.array_equal(a, b) for a, b in zip(before, numbers(variables), strict=True))


# --- one gradient step --------------------------------------------------------------------------------


class Two(engine.StepModel):
    """Two numbers, 3 and 5, and a random state."""

    def __init__(self):
        super().__init__()
        self.a, self.b = (
            self.add_weight(shape=(1,), initializer=keras.initializers.Constant(value), name=name)
            for name, value in (("a", 3.0), ("b", 5.0))
        )
        self.seeds = keras.random.SeedGenerator(0)
        self.sgd = keras.optimizers.SGD(0.1)
        self.sgd.build([self.a])
        self.ready({}, {"only": self.sgd})

    def values(self):
        return [watching.number(v.value).item() for v in (self.a, self.b)]


def test_minimize_moves_only_the_chosen_variables_downhill():
    model = Two()
    loss, extras = engine.minimize(
        lambda: (keras.ops.sum(model.a * model.a * model.b), {"seen": model.b * 2}), [model.a], model.sgd, model
    )
    assert model.values() == pytest.approx([3 - 0.1 * 2 * 3 * 5, 5], abs=1e-5)  # d/da a^2 b = 2ab
    assert float(loss) == pytest.approx(45)  # from before the update
    assert float(extras["seen"][0]) == pytest.approx(10)


def test_minimize_keeps_what_the_loss_draws_and_calls_it_once():
    model, calls = Two(), []
    before = watching.number(model.seeds.state.value)

    def loss():
        calls.append(1)
        return keras.ops.sum(model.a) + keras.random.normal((), seed=model.seeds), ()

    engine.minimize(loss, [model.a], model.sgd, model)
    assert len(calls) == 1
    assert not np.array_equal(before, watching.number(model.seeds.state.value))


def test_without_updates_blocks_gradients():
    model = Two()

    def loss():
        constant = engine.without_updates(lambda: model.a * 1.0, model)
        return keras.ops.sum(model.a * constant), ()

    engine.minimize(loss, [model.a], model.sgd, model)
    assert model.values()[0] == pytest.approx(3 - 0.1 * 3)  # of a * a half the gradient would be missing


def test_without_updates_changes_nothing_and_gives_what_the_call_gives():
    model = watching.model("GAN", dropout=0.0)
    latents = watching.number(model.sample_latents(4))
    before = watching.snapshot(model)
    constant = engine.without_updates(lambda: model.generator(latents, training=True), model)
    assert watching.moved(model, before, watching.snapshot(model)) == []
    plain = model.generator(latents, training=True)
    np.testing.assert_allclose(watching.number(constant), watching.number(plain), atol=1e-6)
    assert watching.moved(model, before, watching.snapshot(model)) == [
        "generator statistics"
    ]  # the plain call is the one that counts


def test_a_model_without_a_step_says_so():
    with pytest.raises(NotImplementedError):
        Two().step(np.zeros((1, 1)))


# --- restoring state ----------------------------------------------------------------------------------


def test_assign_fills_every_variable_and_ignores_other_names():
    model = watching.model()
    wanted = {name: np.zeros_like(value) for name, value in watching.snapshot(model).items()}
    engine.assign(model.state(), {**wanted, "another/000": np.ones(3)})
    assert all((value == 0).all() for value in watching.snapshot(model).values())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda stored, name: stored.pop(name), "has no {name}"),
        (lambda stored, name: stored.update({name: np.zeros((7, 7), "float32")}), r"{name} is \(7, 7\)"),
    ],
    ids=["missing", "wrong shape"],
)
@pytest.mark.parametrize("place", [0, -1], ids=["first", "last"])
def test_assign_of_a_state_that_does_not_fit_assigns_nothing(spoil, message, place):
    model = watching.model()
    before = watching.snapshot(model)
    stored = {name: value + 1 for name, value in before.items()}
    name = list(before)[place]
    spoil(stored, name)
    with pytest.raises(UserError, match=message.format(name=name)) as error:
        engine.assign(model.state(), stored)
    assert "\n" not in str(error.value)
    assert watching.moved(model, before, watching.snapshot(model)) == []


# --- precision ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backend", "accelerator", "flags", "expected"),
    [
        ("tensorflow", None, {"avx512_bf16"}, "bfloat16"),
        ("tensorflow", None, {"amx_bf16", "avx2"}, "bfloat16"),
        ("torch", None, {"amx_bf16"}, "bfloat16"),
        ("tensorflow", None, {"avx2", "avx512f"}, "float32"),
        ("tensorflow", None, set(), "float32"),
        ("jax", None, {"avx512_bf16", "amx_bf16"}, "float32"),
        ("jax", ("a fast one", True), set(), "bfloat16"),
        ("tensorflow", ("a fast one", True), set(), "bfloat16"),
        ("tensorflow", ("an old one", False), {"amx_bf16"}, "float32"),
        ("torch", ("an old one", False), {"amx_bf16"}, "float32"),
    ],
)
def test_auto_precision_is_bfloat16_only_where_it_is_fast(monkeypatch, backend, accelerator, flags, expected):
    monkeypatch.setattr(engine, "BACKEND", backend)
    monkeypatch.setattr(engine, "_accelerator", lambda: accelerator)
    monkeypatch.setattr(engine, "_cpu_flags", lambda: flags)
    assert engine.resolve_precision("auto") == engine.resolve_precision() == expected
    assert engine.resolve_precision("float32") == "float32"  # what is asked for is given
    assert engine.resolve_precision("bfloat16") == "bfloat16"


@pytest.mark.parametrize("precision", ["float16", "", "BFLOAT16"])
def test_unknown_precision_names_the_known_ones(precision):
    with pytest.raises(UserError, match="choose one of auto, float32, bfloat16"):
        engine.resolve_precision(precision)
    with pytest.raises(UserError), engine.precision_policy(precision):
        pass


def policy():
    return keras.config.dtype_policy().name


def test_precision_policy_holds_inside_and_is_put_back_also_after_an_error():
    before = policy()
    for precision, name in (("bfloat16", "mixed_bfloat16"), ("float32", "float32")):
        with engine.precision_policy(precision) as resolved:
            assert resolved == precision
            assert policy() == name
        assert policy() == before
    with pytest.raises(RuntimeError, match="on purpose"), engine.precision_policy("bfloat16"):
        raise RuntimeError("on purpose")
    assert policy() == before


def test_bfloat16_keeps_weights_statistics_and_optimizers_in_float32():
    with engine.precision_policy("bfloat16"):
        model = watching.model()
    step = watching.watch(model, watching.pictures(8))
    for name, kind in watching.kinds(model).items():
        variable = model.state()[name]
        if kind.endswith("seed") or "iteration" in variable.path:
            continue
        assert keras.backend.standardize_dtype(variable.dtype) == "float32", variable.path
        assert step.end[name].dtype == np.float32, variable.path
    computing = {type(layer).__name__: layer.compute_dtype for layer in model.discriminator.layers}
    assert computing["Conv2D"] == "bfloat16"
    assert np.isfinite(list(step.logs.values())).all()
    assert watching.who_moved(model, step) == watching.published_turns((True, True), 8)


def test_bfloat16_step_agrees_with_float32_to_its_precision():
    with engine.precision_policy("bfloat16"):
        half = watching.model(dropout=0.0)
    full = watching.model(dropout=0.0)
    logs = [watching.watch(model, watching.pictures(32)).logs for model in (half, full)]
    for name in ("d_loss", "g_loss"):
        assert logs[0][name] == pytest.approx(logs[1][name], rel=0.05)


def test_versions_and_device_name_what_decides_a_result():
    versions = engine.versions()
    assert versions["backend"] == engine.BACKEND
    assert {"python", "keras", "numpy", engine.BACKEND} <= set(versions)
    assert engine.device()
    assert 1 <= engine.cores() <= (os.cpu_count() or 1)


# --- a backend that cannot be used --------------------------------------------------------------------


def command(arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "artkeras", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    "backend",
    ["nonsense", pytest.param("numpy", id="numpy: Keras has it, but it cannot train")],
)
def test_unusable_backend_is_one_line_and_exit_code_2(backend, tmp_path):
    done = command(["train", "colour_field/model_2", "--quick"], KERAS_BACKEND=backend)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("artkeras: ")
    assert backend in done.stderr
    assert "set KERAS_BACKEND to tensorflow, jax or torch" in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backend_that_is_not_installed_is_one_line_and_exit_code_2(backend, tmp_path):
    (tmp_path / "absent" / backend).mkdir(parents=True)
    (tmp_path / "absent" / backend / "__init__.py").write_text(
        f"raise ModuleNotFoundError(\"No module named '{backend}'\", name='{backend}')\n"
    )
    done = command(
        ["train", "colour_field/model_2", "--quick"], KERAS_BACKEND=backend, PYTHONPATH=str(tmp_path / "absent")
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert f"the backend '{backend}' cannot be used (No module named '{backend}')" in done.stderr
    assert not (tmp_path / "runs").exists()
