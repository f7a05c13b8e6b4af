"""The one file that knows a backend: one gradient step, the training step around it, precision, devices.

Keras 3 has no shared way to train two networks against each other. The seam used here is a single function,
`minimize(loss_fn, variables, optimizer, model)`; models are written once, on top of it, in `keras.ops`.
"""

import math
import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from artkeras.errors import UserError


@contextmanager
def _silenced() -> Iterator[None]:
    """Drop what native code writes to standard error.

    TensorFlow 2.21 greets with lines about missing GPUs that no log level stops. Python's exceptions still arrive.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # what comes after start-up does obey the level
# TensorFlow uses oneDNN's convolutions by itself only on processors with AVX512-VNNI. On those with AVX2 alone they
# take half to three quarters of the time of its own.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

try:
    with _silenced():
        import keras
except (ImportError, ValueError) as error:  # Keras raises either, depending on what is missing
    wanted = os.environ.get("KERAS_BACKEND", "tensorflow")
    raise UserError(
        f"the backend {wanted!r} cannot be used ({error}): install it, or set KERAS_BACKEND to tensorflow, jax or torch"
    ) from error

BACKEND: str = keras.backend.backend()
if BACKEND not in ("tensorflow", "jax", "torch"):  # Keras has more, which only predict
    raise UserError(f"the backend {BACKEND!r} cannot train: set KERAS_BACKEND to tensorflow, jax or torch")

if BACKEND == "tensorflow":
    with _silenced():
        import tensorflow as tf

        tf.config.list_physical_devices()  # the first look for a GPU complains when there is none
PRECISIONS = ("auto", "float32", "bfloat16")

Tensor = Any  # the backend's, or Keras' own while networks are put together
Loss = Callable[[], tuple[Tensor, Any]]


# --- one gradient step ------------------------------------------------------------------------------


def _gradients_tensorflow(loss_fn: Loss, variables: list, model):
    values = [v.value for v in variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:  # watch the chosen variables, nothing else
        tape.watch(values)
        loss, extras = loss_fn()
    return loss, extras, tape.gradient(loss, values)


def _gradients_torch(loss_fn: Loss, variables: list, model):
    import torch

    loss, extras = loss_fn()
    found = torch.autograd.grad(loss, [v.value for v in variables])
    return loss.detach(), keras.tree.map_structure(lambda t: t.detach(), extras), list(found)


def _gradients_jax(loss_fn: Loss, variables: list, model):
    import jax

    chosen = {id(v) for v in variables}
    others = [v for v in model.all_variables() if id(v) not in chosen]
    current = [v.value for v in others]

    def pure_loss(values):
        # A nested scope does not see the outer one, so this one must hold every variable of the model.
        mapping = [*zip(variables, values, strict=True), *zip(others, current, strict=True)]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            loss, extras = loss_fn()
            updated = [scope.get_current_value(v) for v in others]  # batch-norm statistics, random states
        return loss, (extras, updated)

    differentiate = jax.value_and_grad(pure_loss, has_aux=True)
    (loss, (extras, updated)), found = differentiate([v.value for v in variables])
    for variable, value in zip(others, updated, strict=True):
        variable.assign(value)
    return loss, extras, found


_GRADIENTS = {"tensorflow": _gradients_tensorflow, "jax": _gradients_jax, "torch": _gradients_torch}


def gradients(loss_fn: Loss, variables: list, model: "StepModel") -> tuple[Tensor, Any, list[Tensor]]:
    """A loss and its gradients.

    Args:
        loss_fn: called once, without arguments; returns `(loss, extras)`: a scalar tensor, and any nest of
            tensors to hand back (scores, for an accuracy). It may update other variables of `model`
            (batch-norm statistics, random states); those updates are kept.
        variables: the trainable Keras variables to differentiate by; nothing else receives a gradient.
        model: the `StepModel` that owns every variable `loss_fn` touches.

    Returns:
        `(loss, extras, gradients)`: the first two as `loss_fn` gave them, then one tensor a variable.
    """
    return _GRADIENTS[BACKEND](loss_fn, variables, model)


def minimize(
    loss_fn: Loss, variables: list, optimizer: keras.optimizers.Optimizer, model: "StepModel"
) -> tuple[Tensor, Any]:
    """Take one optimizer step on `variables` downhill on a loss.

    Args:
        loss_fn, variables, model: see `gradients`.
        optimizer: built on exactly these variables.

    Returns:
        `(loss, extras)` as `loss_fn` gave them, from before the update.
    """
    loss, extras, found = gradients(loss_fn, variables, model)
    with _untracked():
        optimizer.apply(found, variables)
    return loss, extras


def _untracked():
    """PyTorch records everything it computes for the way back, unless told not to."""
    if BACKEND != "torch":
        return nullcontext()
    import torch

    return torch.no_grad()


def input_gradients(fn: Callable[[Tensor], Tensor], inputs: Tensor, model: "StepModel") -> tuple[Tensor, Tensor]:
    """Scores of inputs and the gradient of each score by its own input, for penalties on that gradient.

    The result can be differentiated once more, by the variables of `minimize`, when it is called inside a loss.

    Args:
        fn: inputs -> scores, (n, ...), those of an input depending on that input alone (so no batch normalisation in
            training mode). Updates of variables inside it are dropped.
        inputs: (n, ...) floats.
        model: the `StepModel` that owns every variable `fn` touches.

    Returns:
        `(scores, gradients)`; the gradients have the shape and type of the inputs.
    """

    def total(x: Tensor) -> tuple[Tensor, Tensor]:
        with keras.StatelessScope(state_mapping=[(v, v.value) for v in model.all_variables()]):
            scores = fn(x)
        return keras.ops.sum(keras.ops.cast(scores, "float32")), scores

    inputs = keras.ops.convert_to_tensor(inputs)
    if BACKEND == "jax":
        import jax

        (_, scores), found = jax.value_and_grad(total, has_aux=True)(inputs)
        return scores, found
    if BACKEND == "torch":
        import torch

        x = inputs.detach().requires_grad_()
        summed, scores = total(x)
        return scores, torch.autograd.grad(summed, x, create_graph=True)[0]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        summed, scores = total(inputs)
    return scores, tape.gradient(summed, inputs)


def without_updates(fn: Callable[[], Any], model: "StepModel") -> Any:
    """Call `fn` as a constant: no gradient flows through its result, and no variable of `model` changes.

    For a forward pass in training mode that must not move the batch-norm statistics a second time.
    """
    with keras.StatelessScope(state_mapping=[(v, v.value) for v in model.all_variables()]):
        return keras.tree.map_structure(keras.ops.stop_gradient, fn())


# --- averaged weights --------------------------------------------------------------------------------

AVERAGE_RAMP = 0.05  # the half-life is at most this share of the images seen so far, as in StyleGAN2-ADA


class Average:
    """An exponential moving average (EMA) of networks' weights and moving statistics.

    After a step on n images an average moves from the current weights by the factor 0.5 ** (n / half-life). Early in
    training the half-life is ramped up with the images seen, so that the random initial weights are soon forgotten
    (Karras et al. 2020, arXiv 2006.06676). Integer variables (states of dropout) are not averaged.
    """

    def __init__(self, networks: Mapping[str, keras.Model], half_life: int):
        """Start with copies of the networks' present values.

        Args:
            networks: name -> network, built.
            half_life: in images, above 0.
        """
        self.half_life = half_life
        self.seen = keras.Variable(0, dtype="int32", trainable=False, name="images_seen")
        self.pairs = {
            # by way of NumPy: TensorFlow would make a second name of the same variable, not a copy
            f"ema/{name}/{i:03d}": (
                v,
                keras.Variable(
                    np.array(keras.ops.convert_to_numpy(v.value)), dtype=v.dtype, trainable=False, name="average"
                ),
            )
            for name, network in networks.items()
            for i, v in enumerate(network.variables)
            if keras.backend.is_float_dtype(v.dtype)
        }

    def state(self) -> dict[str, keras.Variable]:
        """The averages by name, "ema/NETWORK/NUMBER" with the numbers of `StepModel.state`, and the images seen."""
        return {name: average for name, (_, average) in self.pairs.items()} | {"ema/images_seen": self.seen}

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Put the averages into the networks for a while, and the weights back as they were, bit for bit."""
        kept = [np.array(keras.ops.convert_to_numpy(variable.value)) for variable, _ in self.pairs.values()]
        try:
            for variable, average in self.pairs.values():
                variable.assign(average.value)
            yield
        finally:
            for (variable, _), value in zip(self.pairs.values(), kept, strict=True):
                variable.assign(value)

    def update(self, count: int | Tensor) -> None:
        """Move towards the present weights, after a step on `count` images."""
        seen = self.seen.value + keras.ops.cast(count, "int32")
        half_life = keras.ops.minimum(float(self.half_life), AVERAGE_RAMP * keras.ops.cast(seen, "float32"))
        kept = keras.ops.power(0.5, keras.ops.cast(count, "float32") / half_life)
        for variable, average in self.pairs.values():
            average.assign(variable.value + (average.value - variable.value) * kept)
        self.seen.assign(seen)


# --- a model that knows how to take a step ----------------------------------------------------------


class _JoinedOptimizers:
    """What Keras' trainers ask of `model.optimizer`: the slots of all optimizers, already built."""

    built = True

    def __init__(self, optimizers: list):
        self._optimizers = optimizers

    @property
    def variables(self) -> list:
        return [v for optimizer in self._optimizers for v in optimizer.variables]


class StepModel(keras.Model):
    """A `keras.Model` whose subclasses write one method, `step(batch) -> logs`, in the imperative style.

    `fit` works on TensorFlow, JAX and PyTorch. A subclass creates its networks and optimizers, builds the
    optimizers, and calls `self.ready(...)` last. `logs` are scalars of *this* step, named as in history.csv.

    Attributes:
        average: moving averages of some networks' weights, or None; see `keep_average`.
    """

    average: "Average | None" = None

    def ready(self, networks: dict[str, keras.Model], optimizers: dict, *, jit: bool | None = None) -> None:
        """Declare the networks; call at the end of `__init__`.

        Args:
            networks: name -> network; the names are the keys of the checkpoint.
            optimizers: name -> optimizer, built on its network's variables.
            jit: compile the step with XLA (torch.compile on PyTorch). Default: on JAX only, since on a CPU
                XLA's convolutions take twice as long as TensorFlow's own.
        """
        self.networks, self.optimizers = networks, optimizers
        self.compile(optimizer=None, jit_compile=BACKEND == "jax" if jit is None else jit)
        self.optimizer = _JoinedOptimizers(list(optimizers.values()))  # else Keras makes an RMSprop of its own
        self.built = True  # else the trainer calls the whole model with pictures to build it

    @property
    def metrics(self) -> list:
        """No metrics: logs are plain values of each step; means are taken where they are written down."""
        return []

    def step(self, batch: Tensor) -> dict[str, Tensor]:
        """Take one training step on a batch and return its logs, `{name: scalar}`."""
        raise NotImplementedError

    def keep_average(self, names: Iterable[str], half_life: int) -> None:
        """Keep an exponential moving average of some networks beside the training, see `Average`.

        Call it before `fit`. Steps never read the average: a training with one is bit for bit the training without.

        Args:
            names: of networks, keys of `networks`.
            half_life: images after which an old weight counts half.
        """
        self.average = Average({name: self.networks[name] for name in names}, half_life)
        self._average_variables = list(self.average.state().values())  # Keras finds variables in attributes

    def all_variables(self) -> list:
        """Every variable a step may read or write: weights, statistics, random states, optimizer slots."""
        return [*self.trainable_variables, *self.non_trainable_variables, *self.optimizer.variables]

    def state(self) -> dict[str, keras.Variable]:
        """The whole training state by name, for checkpoints.

        `.weights.h5` files leave out the states of SeedGenerators and of dropout; this does not.
        """
        groups = {**self.networks, **{f"{name}_optimizer": o for name, o in self.optimizers.items()}}
        named = {f"{group}/{i:03d}": v for group, owner in groups.items() for i, v in enumerate(owner.variables)}
        named |= {} if self.average is None else self.average.state()
        known = {id(v) for v in named.values()}
        own = [v for v in self.non_trainable_variables if id(v) not in known]  # the latents' random state
        return named | {f"model/{i:03d}": v for i, v in enumerate(own)}

    def sync(self) -> None:
        """Bring the variables up to date in the middle of `fit` (JAX keeps them elsewhere until then)."""
        if BACKEND == "jax" and getattr(self, "_jax_state", None) is not None:
            self.jax_state_sync()

    def _pure_step(self, state, data):
        """Run `step` as the pure function `(state, data) -> (logs, state)` that Keras' JAX trainer jits."""
        groups = [self.trainable_variables, self.non_trainable_variables, self.optimizer.variables, []]
        with keras.StatelessScope(state_mapping=_mapping(groups, state)) as scope:
            logs = self.step(_first(data))
            state = tuple([scope.get_current_value(v) for v in group] for group in groups)
        return logs, state

    def _make_function(self, step_function, **options):
        """What Keras' trainers call for each step; on JAX with the average after it.

        Compiled together with the step, the average would change how XLA fuses the step, and so its last bits.
        """
        averages = self.average
        if BACKEND != "jax" or averages is None:
            return super()._make_function(step_function, **options)
        import jax

        def average(trainable, non_trainable, count):
            groups = [self.trainable_variables, self.non_trainable_variables]
            with keras.StatelessScope(state_mapping=_mapping(groups, [trainable, non_trainable])) as scope:
                averages.update(count)
                return [scope.get_current_value(v) for v in self.non_trainable_variables]

        compiled = jax.jit(average, static_argnums=2)

        def step_and_average(state, data):
            logs, (trainable, non_trainable, *rest) = step_function(state, data)
            return logs, (trainable, compiled(trainable, non_trainable, len(_first(data))), *rest)

        return super()._make_function(step_and_average, **options)

    def _plain_step(self, data):
        """Run `step` on the pictures that Keras hands over, and move the average after it."""
        batch = _first(data)
        logs = self.step(batch)
        if self.average is not None:
            with _untracked():
                self.average.update(keras.ops.shape(batch)[0])
        return logs

    train_step = _pure_step if BACKEND == "jax" else _plain_step


def assign(variables: Mapping[str, keras.Variable], values: Mapping[str, np.ndarray]) -> None:
    """Fill named variables from arrays of the same names; arrays for other names are left alone.

    Raises:
        UserError: when one is missing or has another shape; nothing is assigned then.
    """
    for name, variable in variables.items():
        if name not in values:
            raise UserError(f"the stored state has no {name}: it belongs to another network")
        if tuple(values[name].shape) != tuple(variable.shape):
            raise UserError(f"the stored {name} is {values[name].shape}, the network's {tuple(variable.shape)}")
    for name, variable in variables.items():
        variable.assign(values[name])


def _mapping(groups: Sequence, values: Sequence) -> list[tuple]:
    """Each variable of some groups with its value, as `keras.StatelessScope` takes them."""
    return [pair for group, found in zip(groups, values, strict=True) for pair in zip(group, found, strict=True)]


def _first(data):
    return keras.utils.unpack_x_y_sample_weight(data)[0]


def inference(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """A network as a plain function, compiled once and held: on single pictures 2 to 4 times as fast as `predict`.

    Args:
        network: of one input and one output; its weights are read now, later changes may not be seen.

    Returns:
        A batch as float32 array -> what the network makes of it at inference, likewise. JAX compiles it again for
        each shape, TensorFlow once for all.
    """
    if BACKEND == "tensorflow":
        held = tf.function(lambda batch: network(batch, training=False))  # as long as it lives, so does the network
        compiled = held.get_concrete_function(tf.TensorSpec(network.input_shape))

        def called(batch: np.ndarray, held: Any = held) -> np.ndarray:
            return compiled(tf.constant(batch)).numpy()

        return called
    if BACKEND == "jax":
        import jax

        values = [[v.value for v in group] for group in (network.trainable_variables, network.non_trainable_variables)]
        compiled = jax.jit(lambda values, batch: network.stateless_call(*values, batch, training=False)[0])
        return lambda batch: np.asarray(compiled(values, batch))

    def run(batch: np.ndarray) -> np.ndarray:
        with _untracked():
            return keras.ops.convert_to_numpy(network(batch, training=False))

    return run


# --- the cost of networks ----------------------------------------------------------------------------


def macs(network: keras.Model) -> int:
    """Multiplications with addition of one image's way through a network (dense, convolutional, attention layers)."""
    total, inner = 0, set()
    for layer in network._flatten_layers(include_self=False, recursive=True):
        if isinstance(layer, keras.layers.MultiHeadAttention):
            _, *places, _ = layer.output.shape
            count = math.prod(places)
            projections = sum(math.prod(v.shape) for v in layer.trainable_variables if len(v.shape) == 3)
            _, heads, dim = next(v.shape for v in layer.trainable_variables if len(v.shape) == 3)
            total += count * projections + 2 * count**2 * heads * dim  # queries by keys, weights by values
            inner |= {id(part) for part in layer._flatten_layers(include_self=False, recursive=True)}
        kernel = None if id(layer) in inner else getattr(layer, "kernel", None)
        if kernel is None:
            continue
        # a transposed convolution applies its kernel at each pixel it reads, a convolution at each it writes
        grid = layer.input.shape if isinstance(layer, keras.layers.Conv2DTranspose) else layer.output.shape
        total += math.prod(kernel.shape) * math.prod(grid[1:-1])
    return total


def activations(network: keras.Model) -> int:
    """Numbers that one picture's way through a network leaves behind for the way back."""
    return sum(math.prod(layer.output.shape[1:]) for layer in network.layers)


# --- precision and device ---------------------------------------------------------------------------


def seed(value: int) -> None:
    """Seed Python, NumPy and the backend, and so the weights and dropout of the networks built next."""
    with _silenced():  # Keras also seeds TensorFlow where another backend is used, and so loads it
        keras.utils.set_random_seed(value)


def _cpu_flags() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:  # not Linux
        return set()
    return set(next((line for line in text.splitlines() if line.startswith("flags")), "").split())


def _accelerator() -> tuple[str, bool] | None:
    """Name of the first accelerator the backend sees, and whether it multiplies bfloat16 fast."""
    if BACKEND == "tensorflow":
        for gpu in tf.config.list_physical_devices("GPU"):
            details = tf.config.experimental.get_device_details(gpu)
            return details.get("device_name", gpu.name), details.get("compute_capability", (0, 0)) >= (8, 0)
    elif BACKEND == "jax":
        import jax

        device = jax.devices()[0]
        if device.platform != "cpu":
            capability = getattr(device, "compute_capability", "8.0")  # TPUs have none, and are fast
            return device.device_kind, float(capability) >= 8.0
    elif BACKEND == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.get_device_name(0), torch.cuda.is_bf16_supported(including_emulation=False)
    return None


def device() -> str:
    """Name of the device that trains: the accelerator, or the processor and its core count."""
    accelerator = _accelerator()
    if accelerator:
        return accelerator[0]
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    except OSError:
        pass
    return f"{name}, {cores()} cores"


def cores() -> int:
    """Number of processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def resolve_precision(precision: str = "auto") -> str:
    """Turn "auto" into what is fast here: "bfloat16" where the hardware multiplies it, else "float32".

    Raises:
        UserError: for a name that is not in `PRECISIONS`.
    """
    if precision not in PRECISIONS:
        raise UserError(f"precision {precision!r} is unknown: choose one of {', '.join(PRECISIONS)}")
    if precision != "auto":
        return precision
    accelerator = _accelerator()
    if accelerator:
        fast = accelerator[1]
    else:  # JAX on a CPU gains nothing from bfloat16
        fast = BACKEND != "jax" and bool(_cpu_flags() & {"avx512_bf16", "amx_bf16"})
    return "bfloat16" if fast else "float32"


@contextmanager
def precision_policy(precision: str) -> Iterator[str]:
    """Build networks in this precision: weights stay float32, "bfloat16" makes the products bfloat16."""
    precision = resolve_precision(precision)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    try:
        yield precision
    finally:
        keras.config.set_dtype_policy(before)


def versions() -> dict[str, str]:
    """Versions of what decides a result: Python, Keras, the backend, NumPy."""
    from importlib.metadata import version

    return {
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": BACKEND,
        BACKEND: version(BACKEND),
        "numpy": version("numpy"),
    }
