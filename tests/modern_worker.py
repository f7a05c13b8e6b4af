"""The modern models' losses and gradients from fixed numbers, for comparison between backends."""

from dataclasses import replace

import numpy as np

from artkeras import engine
from artkeras.recipes import recipe

SMALL = {"size": 16, "width": 4, "batch_size": 4}


def filled(name):
    """A small model of a recipe, its weights the same on every backend."""
    model, random = replace(recipe(name), **SMALL).build(), np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(random.normal(0, 0.2, variable.shape).astype("float32"))
    return model


def norms(found):
    """Euclidean norm of each gradient."""
    return [float(np.linalg.norm(engine.keras.ops.convert_to_numpy(g))) for g in found]


def measured():
    """Losses, penalties and norms of the gradients: name -> number or list of numbers."""
    random = np.random.default_rng(1)
    real, fake, noise = random.normal(0, 0.5, (3, 4, 16, 16, 3)).astype("float32")
    gan, flow = filled("modern/gan"), filled("modern/flow")
    total, logs, by_weights = engine.gradients(
        lambda: gan.discriminator_loss(real, fake), gan.discriminator.trainable_variables, gan
    )
    times = np.array([[0.1], [0.4], [0.6], [0.9]], "float32")

    def loss():
        found = flow.loss_at(real, noise, times, training=False)
        return found, found

    flow_loss, _, by_velocity = engine.gradients(loss, flow.velocity.trainable_variables, flow)
    return {
        "total": float(total),
        **{name: float(value) for name, value in logs.items()},
        "by_weights": norms(by_weights),
        "flow_loss": float(flow_loss),
        "by_velocity": norms(by_velocity),
    }
