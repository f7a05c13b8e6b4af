"""Tasks, one module each: all that differs between models outside their training steps.

Importing this, or a task, loads no Keras.
"""

from importlib import import_module

from artkeras.errors import UserError
from artkeras.tasks.base import Task

__all__ = ["TASKS", "Task", "task"]

TASKS = {
    "flow": "artkeras.tasks.flow:FLOW",
    "reconstruction": "artkeras.tasks.reconstruction:AUTOENCODER",
    "unpaired_translation": "artkeras.tasks.translation:CYCLEGAN",
    "generation": "artkeras.tasks.generation:GAN",
    "paired_translation": "artkeras.tasks.translation:PIX2PIX",
}
"""Name, as recipes have it -> where the `Task` is."""


def task(name: str) -> Task:
    """Look up a task by its name.

    Raises:
        UserError: for an unknown one.
    """
    if name not in TASKS:
        raise UserError(f"no task is called {name!r}: choose one of {', '.join(TASKS)}")
    module, made = TASKS[name].split(":")
    return getattr(import_module(module), made)
