"""The callbacks of trainers, with stand-ins; `make test-trainers` trains with the real ones."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

import latebloom as lb
from latebloom import callbacks
from latebloom.core.errors import InvalidInput


class Base:
    """As the base class of a trainer's callbacks."""

    def on_train_begin(self, *_):
        return None


@pytest.fixture(autouse=True)
def trainers(monkeypatch):
    for place, name in (
        ("pytorch_lightning", "Callback"),
        ("transformers", "TrainerCallback"),
        ("keras", ""),
        ("keras.callbacks", "Callback"),
    ):
        module = ModuleType(place)
        setattr(module, name or "callbacks", Base)
        monkeypatch.setitem(sys.modules, place, module)
    for place in ("lightning", "lightning.pytorch"):
        monkeypatch.setitem(sys.modules, place, None)  # not installed


def curves(k):
    return (1.0 if k >= 10 else 0.2), (0.98 if k >= 60 else 0.1)


def train_with_lightning(callback):
    trainer = SimpleNamespace(
        global_step=0,
        logged_metrics={},
        callback_metrics={},
        should_stop=False,
        sanity_checking=True,
    )
    trainer.callback_metrics["val_acc"] = 1.0
    callback.on_validation_epoch_end(trainer, None)  # the sanity check is no record
    trainer.sanity_checking = False
    for k in range(1, 101):
        trainer.global_step = k
        a, b = curves(k)
        trainer.logged_metrics = {"train_acc_step": a}
        callback.on_train_batch_end(trainer, None, None, None, 0)
        trainer.callback_metrics["val_acc"] = b
        callback.on_validation_epoch_end(trainer, None)
        if trainer.should_stop:
            break
    callback.on_train_end(trainer, None)
    return k


def train_with_transformers(callback):
    control = SimpleNamespace(should_training_stop=False)
    for k in range(1, 101):
        state = SimpleNamespace(global_step=k)
        a, b = curves(k)
        callback.on_log(None, state, control, logs={"train_accuracy": a, "learning_rate": 0.1})
        callback.on_log(None, state, control, logs={"eval_accuracy": b})
        if control.should_training_stop:
            break
    callback.on_train_end(None, state, control)
    return k


def train_with_keras(callback):
    callback.model = SimpleNamespace(stop_training=False)
    for epoch in range(100):
        a, b = curves(epoch + 1)
        callback.on_epoch_end(epoch, {"accuracy": a, "val_accuracy": b})
        if callback.model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1


TRAINERS = [
    (callbacks.lightning, train_with_lightning),
    (callbacks.transformers, train_with_transformers),
    (callbacks.keras, train_with_keras),
]


@pytest.mark.parametrize(("make", "train"), TRAINERS)
def test_a_callback_tells_events_and_keeps_the_state(make, train, tmp_path):
    said = []
    callback = make(lb.Monitor(path=tmp_path / "state.json"), say=said.append)
    assert isinstance(callback, Base)
    assert train(callback) == 100
    assert [(e.kind, e.step) for e in callback.events] == [("memorized", 10), ("generalized", 60)]
    assert said == [f"latebloom: {event}" for event in callback.events]
    assert lb.Monitor(path=tmp_path / "state.json").step == 100
    assert callback.monitor.diagnosis().t2.step == 60


@pytest.mark.parametrize(("make", "train"), TRAINERS)
def test_a_callback_stops_only_when_the_monitor_allows_it(make, train):
    said = []
    assert train(make(lb.Monitor(), stop=True, say=said.append)) == 62  # three records agree
    assert said[-1] == "latebloom: it may stop: generalized at step 60, and has kept it"


@pytest.mark.parametrize(("make", "train"), TRAINERS)
def test_a_callback_never_ends_a_training(make, train):
    callback = make(lb.Monitor(kind="loss", thresholds=(0.1, 0.1)))
    names = dict(zip(callback.names, (-1.0, -1.0), strict=True))
    with pytest.warns(UserWarning, match="latebloom stops watching: train is -1"):
        assert not callback.take(0, names)
    assert train(callback) == 100


def test_a_trainer_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch_lightning", None)
    with pytest.raises(InvalidInput, match=r"lightning\.pytorch and pytorch_lightning cannot be"):
        callbacks.lightning(lb.Monitor())
