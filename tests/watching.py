"""Watches one training step from outside: who is asked to move, who does move, what each network is shown.

Works on every backend. The step is called directly, not through `fit`, so that numbers can be read between updates.
"""

from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from artkeras import engine
from artkeras.engine import keras
from artkeras.losses import BCE
from artkeras.models import gan
from artkeras.networks.colour_field import discriminator, generator

SIZE, WIDTH, LATENT_DIM = 16, 2, 100


def model(kind="CombinedGAN", *, norm=(True, True), dropout=0.4, seed=0, loss=BCE, optimizer=gan.adam, **more):
    """A tiny model with weights of its own making: the same on every backend, no gradient zero by accident."""
    g = generator(latent_dim=LATENT_DIM, size=SIZE, width=WIDTH, norm=norm[0])
    d = discriminator(size=SIZE, width=WIDTH, norm=norm[1], dropout=dropout)
    built = getattr(gan, kind)(g, d, seed=seed, loss=loss, optimizer=optimizer, **more)
    random = np.random.default_rng(42)
    for network in (g, d):
        for v in network.weights:
            noise = random.normal(size=v.shape)
            kind_of_weight = v.path.rsplit("/", 1)[-1]
            if kind_of_weight == "kernel":
                noise *= 1 / np.sqrt(np.prod(v.shape[:-1]))
            elif kind_of_weight in ("gamma", "moving_variance"):
                noise = 1 + 0.5 * np.tanh(noise)
            else:
                noise *= 0.3
            v.assign(noise.astype("float32"))
    return built


def model_without_chance(kind):
    """The same numbers on every backend: no dropout, the same latents each step, and plain gradient descent.

    Adam's first steps hardly depend on the size of a gradient and would hide, or blow up, what differs.
    """
    built = model(kind, dropout=0.0, optimizer=lambda: keras.optimizers.SGD(0.05))
    latents = np.random.default_rng(7).normal(size=(64, LATENT_DIM)).astype("float32")
    built.sample_latents = lambda count: keras.ops.convert_to_tensor(latents[:count])
    return built


def pictures(count=8, seed=0):
    """(count, 16, 16, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, size=(count, SIZE, SIZE, 3), dtype="uint8")


def number(x):
    """A tensor's numbers, in an array of their own."""
    return np.array(keras.ops.convert_to_numpy(x), copy=True)


def _keep(x):
    """A tensor as it is now: its numbers, or, while JAX traces a step, what will have them."""
    if engine.BACKEND == "jax":
        import jax

        if isinstance(x, jax.core.Tracer):
            return x
    return number(x)


def snapshot(watched):
    """The whole training state: name -> array."""
    return {name: _keep(v.value) for name, v in watched.state().items()}


def kinds(watched):
    """State name -> what it belongs to: "discriminator weights", "generator statistics", "latents seed", ..."""
    found = {}
    for name, v in watched.state().items():
        owner = name.split("/")[0]
        if owner == "model":
            found[name] = "latents seed"
        elif owner == "ema":
            found[name] = "averaged weights"
        elif owner.endswith("_optimizer"):
            found[name] = owner.replace("_", " ")
        elif "moving_" in v.path:
            found[name] = f"{owner} statistics"
        elif "seed" in v.path:
            found[name] = f"{owner} dropout seed"
        else:
            found[name] = f"{owner} weights"
    return found


def moved(watched, before, after):
    """What differs between two snapshots: a sorted list of kinds.

    Of weights and statistics all must differ; where only some do, it says so: "some generator weights".
    """
    of, found = kinds(watched), []
    for kind in set(of.values()):
        changed = [not np.array_equal(before[name], after[name]) for name in of if of[name] == kind]
        if any(changed):
            partly = not all(changed) and not kind.endswith("optimizer")  # its learning rate stays
            found.append(f"some {kind}" if partly else kind)
    return sorted(found)


def at(watched, state, fn):
    """What `fn()` gives with the whole model put back to a snapshot; the present state is restored after."""
    present = snapshot(watched)
    engine.assign(watched.state(), state)
    try:
        return keras.tree.map_structure(number, fn())
    finally:
        engine.assign(watched.state(), present)


def _asked(watched, variables):
    for name, network in watched.networks.items():
        if {id(v) for v in network.trainable_variables} == {id(v) for v in variables}:
            return f"{name} weights"
    return f"{len(variables)} variables that are not one player's"


def watch(watched, batch, *, before_turn=None):
    """Take one step and return what happened.

    Args:
        watched: a `GAN`.
        batch: (n, 16, 16, 3) uint8.
        before_turn: called with (index, loss_fn) before each update; what it returns is noted.

    Returns:
        An object with

        - `start`, `end`: snapshots;
        - `turns`: one a call of `minimize`, each with `asked` (whose trainable variables it was given: exactly all
          of them), `optimizer`, `loss`, and the snapshots `before` and `after`;
        - `seen`: the networks' calls in order: (network, turn or None outside, training, trainable, pictures);
        - `latents`: what was drawn, in order; `judged`: pictures shown with a label, outside the generator's turn;
        - `labels`: the label of every judgement; `noted`: what `before_turn` gave; `logs`: the step's.
    """
    note = SimpleNamespace()
    if engine.BACKEND != "jax":
        values = _take(watched, keras.ops.convert_to_tensor(batch), before_turn, note)
    else:  # as one compiled function: a step taken operation by operation compiles each of them
        import jax

        variables = watched.all_variables()

        @jax.jit
        def pure(state, pictures):
            with keras.StatelessScope(state_mapping=list(zip(variables, state, strict=True))) as scope:
                values = _take(watched, pictures, before_turn, note)
                return values, [scope.get_current_value(v) for v in variables]

        values, state = pure([v.value for v in variables], batch)
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
    note.__dict__.update(keras.tree.map_structure(np.asarray, values))
    note.turns = [
        SimpleNamespace(asked=asked, optimizer=optimizer, **turn)
        for (asked, optimizer), turn in zip(note.players, note.turns, strict=True)
    ]
    note.logs = {name: float(value) for name, value in note.logs.items()}
    return note


def _take(watched, batch, before_turn, note):
    """Take the step: tensors are returned, what is known without them is noted in `note`."""
    note.players, note.seen, note.labels = [], [], []
    values = {"start": snapshot(watched), "turns": [], "latents": [], "judged": [], "noted": []}
    now = SimpleNamespace(turn=None, fooling=False)
    originals = SimpleNamespace(
        minimize=gan.minimize,
        sample_latents=watched.sample_latents,
        adversarial_loss=watched.adversarial_loss,
        generator_loss=watched.generator_loss,
    )

    def minimize(loss_fn, variables, optimizer, owner):
        if before_turn:
            values["noted"].append(keras.tree.map_structure(_keep, before_turn(len(note.players), loss_fn)))
        name = next((n for n, o in watched.optimizers.items() if o is optimizer), "another")
        now.turn = len(note.players)
        note.players.append((_asked(watched, variables), name))
        before = snapshot(watched)
        loss, extras = originals.minimize(loss_fn, variables, optimizer, owner)
        values["turns"].append({"before": before, "after": snapshot(watched), "loss": _keep(loss)})
        now.turn = None
        return loss, extras

    def sample_latents(count):
        latents = originals.sample_latents(count)
        values["latents"].append(_keep(latents))
        return latents

    def adversarial_loss(shown, label_real):
        note.labels.append(label_real)
        if not now.fooling:
            values["judged"].append(_keep(shown))
        return originals.adversarial_loss(shown, label_real)

    def generator_loss(latents):
        now.fooling = True
        try:
            return originals.generator_loss(latents)
        finally:
            now.fooling = False

    def listen(name, network):
        call = network.call

        def listening(inputs, training=None, **more):
            note.seen.append((name, now.turn, bool(training), network.trainable, inputs.shape[0]))
            return call(inputs, training=training, **more)

        return patch.object(network, "call", listening)

    with (
        patch.object(gan, "minimize", minimize),
        patch.object(watched, "sample_latents", sample_latents),
        patch.object(watched, "adversarial_loss", adversarial_loss),
        patch.object(watched, "generator_loss", generator_loss),
        listen("generator", watched.generator),
        listen("discriminator", watched.discriminator),
    ):
        logs = watched.step(batch)
    note.names = list(logs)  # in their order, which a compiled function forgets
    values["logs"] = {name: _keep(value) for name, value in logs.items()}
    values["end"] = snapshot(watched)
    return values


def who_moved(watched, note):
    """A watched step in plain values: who was asked to move, what moved in and between the turns, what was shown."""
    rest, last = [], note.start
    for turn in note.turns:
        rest.append(moved(watched, last, turn.before))
        last = turn.after
    rest.append(moved(watched, last, note.end))
    return {
        "asked": [list(player) for player in note.players],
        "moved": [moved(watched, turn.before, turn.after) for turn in note.turns],
        "between": rest,
        "seen": [list(call) for call in note.seen],
        "updates": {name: int(number(o.iterations.value)) for name, o in watched.optimizers.items()},
    }


D, G = ["discriminator weights", "discriminator"], ["generator weights", "generator"]  # variables, optimizer


def published_turns(norm, count):
    """What `who_moved` must say of the first step of study 1, with live dropout, on a batch of `count`."""
    of_g, of_d = (
        [f"{player} statistics"] if has else []
        for player, has in zip(("generator", "discriminator"), norm, strict=True)
    )
    d_moves = sorted(["discriminator weights", "discriminator optimizer", "discriminator dropout seed", *of_d])
    return {
        "asked": [D, D, G],
        # in the third turn nothing of the discriminator moves but its dropout, which is live
        "moved": [d_moves, d_moves, sorted(["generator weights", "generator optimizer", *of_g, d_moves[0]])],
        "between": [["latents seed"], [], ["latents seed"], []],
        "seen": [  # in training?, trainable?, on how many
            ["generator", None, False, True, count // 2],
            ["discriminator", 0, True, True, count // 2],
            ["discriminator", 1, True, True, count // 2],
            ["generator", 2, True, True, count],
            ["discriminator", 2, True, False, count],
        ],
        "updates": {"generator": 1, "discriminator": 2},
    }


def alternating_turns(norm, count):
    """The same of an ordinary GAN step."""
    of_g, of_d = (
        [f"{player} statistics"] if has else []
        for player, has in zip(("generator", "discriminator"), norm, strict=True)
    )
    by_the_way = ["discriminator dropout seed", *of_d]
    return {
        "asked": [D, G],
        "moved": [
            sorted(["discriminator weights", "discriminator optimizer", *by_the_way]),
            sorted(["generator weights", "generator optimizer", *of_g, *by_the_way]),
        ],
        "between": [["latents seed"], [], []],
        "seen": [
            ["generator", None, True, True, count],  # outside the discriminator's turn: its fakes are constants
            ["discriminator", 0, True, True, count],  # real and fake separately
            ["discriminator", 0, True, True, count],
            ["generator", 1, True, True, count],
            ["discriminator", 1, True, True, count],
        ],
        "updates": {"generator": 1, "discriminator": 1},
    }
