"""What `test_backends.py` runs in a process of its own, once a backend: `backend_worker.py FOLDER`.

It takes all its measurements on the backend of KERAS_BACKEND and writes facts.json and state-*.npz into the folder;
the judging is left to the tests.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import modern_worker
import numpy as np
import pytest
import style_worker
import training_worker
import translating
import watching

from artkeras.engine import BACKEND, assign, keras
from artkeras.losses import BCE
from artkeras.recipes import recipe
from artkeras.training import train as training
from artkeras.training.checkpoints import Position


def who_moved():
    """The published step with batch norm in both players and live dropout."""
    model = watching.model()
    return watching.who_moved(model, watching.watch(model, watching.pictures(8)))


def two_fitted_steps(kind, folder):
    """Two steps of `fit` without any chance in them: logs of each; the state afterwards goes to a file."""
    model, steps = watching.model_without_chance(kind), []
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(dict(logs)))
    model.fit(watching.pictures(16), batch_size=8, shuffle=False, verbose=0, callbacks=[note])
    np.savez(folder / f"state-{kind}.npz", **watching.snapshot(model))
    return [{name: float(value) for name, value in step.items()} for step in steps]


def trained(folder):
    """An epoch of nine steps of a thin model 2 through the front door, and what can be told of its model after."""
    build, built, lines = training._model, [], []

    def remember(*arguments):
        model, precision = build(*arguments)
        built.append((model, watching.snapshot(model)))
        return model, precision

    with pytest.MonkeyPatch.context() as patch:
        training_worker.lighten(patch)
        patch.setattr(training, "_model", remember)
        recipe = replace(training_worker.TINY, epochs=1)
        run = training.train(recipe, precision="float32", out=folder / "runs", log=lines.append)
        plain = training.train(replace(recipe, ema=0), precision="float32", out=folder / "plain", log=lines.append)
    model, start = built[0]
    end, _ = run.load_checkpoint(Position(1))
    without, _ = plain.load_checkpoint(Position(1))
    iterations = run.iterations()
    return {
        "moved": watching.moved(model, start, end),
        "losses": [iterations[name].tolist() for name in ("d_loss", "g_loss")],
        "checkpoints": [path.name for path in run.checkpoints().values()],
        "backend": run.environment["versions"]["backend"],
        "pictures": list(run.sample(4).shape),
        "changed_by_averaging": [name for name in without if not np.array_equal(end[name], without[name])],
        "repeated": repeated(model, end),
    }


def repeated(model, state):
    """The losses of one step from a state, and again from the same state."""
    losses = []
    for _ in range(2):
        assign(model.state(), state)
        history = model.fit(watching.pictures(8), batch_size=8, shuffle=False, verbose=0).history
        losses.append([float(history["d_loss"][0]), float(history["g_loss"][0])])
    return losses


def coded():
    """A step of a tiny VAE, mirrored pictures and all, and again from the same state: its losses."""
    from artkeras.models.autoencoder import VAE
    from artkeras.networks.autoencoder import decoder, encoder

    model = VAE(encoder(4, 16, 2, gaussian=True), decoder(4, 16, 2), seed=0)
    start, steps = watching.snapshot(model), []
    for _ in range(2):
        assign(model.state(), start)
        history = model.fit(watching.pictures(8), batch_size=8, shuffle=False, verbose=0).history
        steps.append({name: float(value[0]) for name, value in history.items()})
    return steps


def other_studies():
    """One fitted step of recipes whose networks or losses are like no other's: what moved, and the losses."""
    found = {}
    for name in ("abstract/lsgan", "japanese_art/v2", "modern/gan"):
        model = replace(recipe(name), size=16, width=1, batch_size=4).build()
        before = watching.snapshot(model)
        history = model.fit(watching.pictures(4), batch_size=4, shuffle=False, verbose=0).history
        moved = watching.moved(model, before, watching.snapshot(model))
        found[name] = {"moved": moved, "losses": [float(history[key][0]) for key in ("d_loss", "g_loss")]}
    return found


def sure_losses():
    """Cross-entropy of scores so large that a sigmoid in float32 would round."""
    scores = np.array([[-80.0], [-20.0], [20.0], [80.0]], "float32")
    return [float(BCE(scores[i : i + 1], is_real)) for i in range(4) for is_real in (True, False)]


def main(folder):
    style_losses, styled = style_worker.steps()
    facts = {
        "style": {"losses": style_losses, "picture": styled.tolist()},
        "backend": BACKEND,
        "who_moved": who_moved(),
        "logs": {kind: two_fitted_steps(kind, folder) for kind in ("CombinedGAN", "GAN")},
        "coded": coded(),
        "modern": modern_worker.measured(),
        "sure_losses": sure_losses(),
        "other_studies": other_studies(),
        "trained": trained(folder),
        "translators": {recipe.name.split("/")[1]: translating.two_steps(recipe) for recipe in translating.TINY},
    }
    (folder / "facts.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
