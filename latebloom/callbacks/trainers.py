"""Callbacks that watch a training of PyTorch Lightning, Hugging Face's Trainer or Keras.

Each needs its trainer only when it is made. What goes wrong in a monitor is a warning and ends the
watching, never the training.
"""

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from latebloom.core.errors import InvalidInput
from latebloom.diagnosis import Event, Monitor

# Where the base classes are, by the modules that may bring them.
LIGHTNING = ("lightning.pytorch", "pytorch_lightning")
TRANSFORMERS = ("transformers",)
KERAS = ("keras.callbacks", "tensorflow.keras.callbacks")


class Watching:
    """What the three callbacks share.

    - `monitor`, `events`: the monitor, and what has happened so far.
    """

    def __init__(
        self, monitor: Monitor, train: str, test: str, stop: bool, say: Callable[[str], Any]
    ) -> None:
        super().__init__()
        self.monitor, self.names, self.stop, self.say = monitor, (train, test), stop, say
        self.events: list[Event] = []
        self.broken = False

    def take(self, step: int | float, values: Mapping[str, Any]) -> bool:
        """Give what was logged to the monitor; whether training shall stop."""
        train, test = (values.get(name) for name in self.names)
        if self.broken or (train is None and test is None):
            return False
        try:
            events = self.monitor.update(step, train=train, test=test)
        except InvalidInput as error:
            self.broken = True
            warnings.warn(f"latebloom stops watching: {error}", UserWarning, stacklevel=2)
            return False
        self.events += events
        for event in events:
            self.say(f"latebloom: {event}")
        if self.stop and (decision := self.monitor.may_stop()):
            self.say(f"latebloom: {decision}")
            return True
        return False

    def close(self) -> None:
        """Write the state, if the monitor has a file."""
        if self.monitor.path is not None and not self.broken:
            self.monitor.save()


def lightning(
    monitor: Monitor,
    train: str = "train_acc",
    test: str = "val_acc",
    *,
    stop: bool = False,
    say: Callable[[str], Any] = print,
) -> Any:
    """Return a callback of PyTorch Lightning, for `Trainer(callbacks=[...])`.

    **Arguments:**

    - `monitor`: receives the values and the global step.
    - `train`, `test`: the names under which `self.log` logs the two curves.
    - `stop`: end training when `monitor.may_stop()` says so.
    - `say`: gets the sentence of each event.

    **Raises:** `InvalidInput` if Lightning is not installed.
    """

    class LightningMonitor(Watching, _base(LIGHTNING, "Callback")):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            # Only what this batch has logged: the value of a training step, not that of an epoch.
            name = self.names[0]
            values = trainer.logged_metrics
            value = values.get(name, values.get(f"{name}_step"))
            self._pass(trainer, {name: value})

        def on_train_epoch_end(self, trainer: Any, *_: Any) -> None:
            self._pass(trainer, {self.names[0]: trainer.callback_metrics.get(self.names[0])})

        def on_validation_epoch_end(self, trainer: Any, *_: Any) -> None:
            if not trainer.sanity_checking:
                self._pass(trainer, {self.names[1]: trainer.callback_metrics.get(self.names[1])})

        def on_train_end(self, trainer: Any, *_: Any) -> None:
            self.close()

        def _pass(self, trainer: Any, values: Mapping[str, Any]) -> None:
            if self.take(trainer.global_step, values):
                trainer.should_stop = True

    return LightningMonitor(monitor, train, test, stop, say)


def transformers(
    monitor: Monitor,
    train: str = "train_accuracy",
    test: str = "eval_accuracy",
    *,
    stop: bool = False,
    say: Callable[[str], Any] = print,
) -> Any:
    """Return a callback of Hugging Face's Trainer, for `Trainer(callbacks=[...])`.

    The Trainer measures no training accuracy: take its `loss` with `Monitor(kind=("loss",
    "accuracy"), thresholds=(0.01, None))`, or evaluate the training set under a name of its own.

    **Arguments:**

    - `monitor`: receives the values and the global step.
    - `train`, `test`: the keys of `log_history`, such as `loss` and `eval_accuracy`.
    - `stop`: end training when `monitor.may_stop()` says so.
    - `say`: gets the sentence of each event.

    **Raises:** `InvalidInput` if transformers is not installed.
    """

    class TransformersMonitor(Watching, _base(TRANSFORMERS, "TrainerCallback")):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> Any:
            if self.take(state.global_step, logs or {}):
                control.should_training_stop = True
            return control

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.close()

    return TransformersMonitor(monitor, train, test, stop, say)


def keras(
    monitor: Monitor,
    train: str = "accuracy",
    test: str = "val_accuracy",
    *,
    stop: bool = False,
    say: Callable[[str], Any] = print,
) -> Any:
    """Return a callback of Keras, for `model.fit(callbacks=[...])`; steps are epochs, from 1.

    **Arguments:**

    - `monitor`: receives the values of each epoch; with `alpha` and `beta` give it
      `updates_per_step`.
    - `train`, `test`: the names of the metrics.
    - `stop`: end training when `monitor.may_stop()` says so.
    - `say`: gets the sentence of each event.

    **Raises:** `InvalidInput` if Keras is not installed.
    """

    class KerasMonitor(Watching, _base(KERAS, "Callback")):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if self.take(epoch + 1, logs or {}):
                self.model.stop_training = True

        def on_train_end(self, logs: Any = None) -> None:
            self.close()

    return KerasMonitor(monitor, train, test, stop, say)


def _base(modules: tuple[str, ...], name: str) -> Any:
    """The base class from the module that the user has imported, else from the first there is."""
    for module in sorted(modules, key=lambda m: m not in sys.modules):
        try:
            return getattr(importlib.import_module(module), name)
        except ImportError:
            continue
    raise InvalidInput(f"{' and '.join(modules)} cannot be imported; install one of them")
