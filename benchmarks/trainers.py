"""Train a small network with the real trainers, watched: `make test-trainers`.

Lightning, Transformers and Keras, which runs on JAX. Needs them and torch, in an environment of its
own. A network learns 200 points on a line in about 20 seconds with each; the events and the
diagnosis must agree with the log that the trainer itself keeps.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

import latebloom as lb
from latebloom import callbacks

from . import torch_notebook

EPOCHS, POINTS, BATCH = 60, 200, 50


def data(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Points in the plane, and the side of a line on which they lie."""
    x = torch.randn(POINTS, 2, generator=torch.Generator().manual_seed(seed))
    return x, (x[:, 0] > x[:, 1]).long()


def network() -> torch.nn.Module:
    """A network of one hidden layer."""
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))


def with_lightning(folder: Path) -> lb.Monitor:
    """Train with PyTorch Lightning."""
    import lightning.pytorch as pl

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = network()

        def _step(self, batch: Any, name: str) -> torch.Tensor:
            x, y = batch
            out = self.net(x)
            self.log(name, (out.argmax(1) == y).float().mean(), on_epoch=True, on_step=False)
            return torch.nn.functional.cross_entropy(out, y)

        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            return self._step(batch, "train_acc")

        def validation_step(self, batch: Any, _: int) -> None:
            self._step(batch, "val_acc")

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.AdamW(self.parameters(), lr=0.01)

    monitor = lb.Monitor(thresholds=(0.95, 0.9), path=folder / "lightning.json")
    sets = [torch.utils.data.TensorDataset(*data(seed)) for seed in (0, 1)]
    loaders = [torch.utils.data.DataLoader(one, BATCH) for one in sets]
    trainer = pl.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        callbacks=[callbacks.lightning(monitor)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        default_root_dir=folder,
    )
    trainer.fit(Module(), *loaders)
    return monitor


def with_transformers(folder: Path) -> lb.Monitor:
    """Train with Hugging Face's Trainer, which logs a training loss and an evaluation."""
    import numpy as np
    from transformers import Trainer, TrainingArguments

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = network()

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            out = self.net(x)
            return {"loss": torch.nn.functional.cross_entropy(out, labels), "logits": out}

    def measure(found: Any) -> dict[str, float]:
        return {"accuracy": float(np.mean(found.predictions.argmax(-1) == found.label_ids))}

    monitor = lb.Monitor(
        kind=("loss", "accuracy"), thresholds=(0.15, 0.9), path=folder / "transformers.json"
    )
    sets = [[{"x": x, "labels": y} for x, y in zip(*data(seed), strict=True)] for seed in (0, 1)]
    arguments = TrainingArguments(
        output_dir=str(folder / "out"),
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        learning_rate=0.01,
        eval_strategy="epoch",
        logging_strategy="epoch",
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(
        model=Model(),
        args=arguments,
        train_dataset=sets[0],
        eval_dataset=sets[1],
        compute_metrics=measure,
        callbacks=[callbacks.transformers(monitor, train="loss", test="eval_accuracy")],
    )
    trainer.train()
    found = lb.diagnose(trainer, "loss", "eval_accuracy", thresholds=(0.15, 0.9))
    assert (found.t1, found.t2) == (monitor.diagnosis().t1, monitor.diagnosis().t2), found
    return monitor


def with_keras(folder: Path) -> lb.Monitor:
    """Train with Keras; its steps are epochs."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras  # pyright: ignore[reportMissingImports]

    keras.utils.set_random_seed(0)
    monitor = lb.Monitor(thresholds=(0.95, 0.9), path=folder / "keras.json")
    layers = [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(2)]
    net = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss, metrics=["accuracy"])
    train, test = ([x.numpy() for x in data(seed)] for seed in (0, 1))
    watching = callbacks.keras(monitor)
    options = {"batch_size": BATCH, "epochs": EPOCHS, "validation_data": test, "verbose": 0}
    history = net.fit(*train, callbacks=[watching], **options)
    found = lb.diagnose(history, thresholds=(0.95, 0.9))
    # The history has no steps: its records count from 0, and the epochs of the monitor from 1.
    assert found.t1.high == (monitor.diagnosis().t1.high or 0) - 1, found
    return monitor


def main() -> int:
    """Train with each, and say what the monitors found."""
    loss = torch.linspace(1, 0, 50, requires_grad=True, dtype=torch.bfloat16)
    found = lb.diagnose(range(50), loss, loss, kind="loss", thresholds=(0.5, 0.5))
    assert found.t1.step is not None, found
    for train in (with_lightning, with_transformers, with_keras):
        with tempfile.TemporaryDirectory() as place:
            monitor = train(Path(place))
            found = monitor.diagnosis()
            again = lb.Monitor(kind=monitor.kinds, thresholds=monitor.thresholds, path=monitor.path)
        print(f"{train.__name__}: {monitor}\n{found}\n")
        assert monitor.train.reached is not None, "it did not memorize"
        assert monitor.test.reached is not None, "it did not generalize"
        assert again.diagnosis().to_dict() == found.to_dict()
    print("the callbacks work with the real trainers")
    torch_notebook.check()
    return 0


if __name__ == "__main__":
    sys.exit(main())
