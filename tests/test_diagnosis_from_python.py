"""`lb.diagnose` of what a Python session holds, and what its result shows."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import latebloom as lb
from latebloom.core.errors import InvalidInput

K = np.arange(0, 20_001, 100)
TRAIN = 0.9985 / (1 + np.exp(-(K - 500) / 60))
TEST = 0.99 / (1 + np.exp(-(K - 12_000) / 800))
# By hand: logit(0.99 / 0.9985) = 4.75 gives 785, logit(0.95 / 0.99) = 3.17 gives 14,534.
TIMES = ("in [701, 800]", "in [14501, 14600]")
FRAME = pd.DataFrame({"step": K, "train_acc": TRAIN, "val_acc": TEST})


def times(found) -> tuple[str, str]:
    return str(found.t1), str(found.t2)


class Tensor:
    """As a tensor of PyTorch on another device, with a graph, in bfloat16."""

    def __init__(self, values, grad=True, device="cuda", dtype="bfloat16"):
        self.values, self.state = np.asarray(values, np.float64), (grad, device, dtype)
        self.shape = self.values.shape

    def __len__(self):
        return len(self.values)

    def detach(self):
        return Tensor(self.values, False, *self.state[1:])

    def cpu(self):
        return Tensor(self.values, self.state[0], "cpu", self.state[2])

    def double(self):
        return Tensor(self.values, *self.state[:2], "float64")

    def __array__(self, dtype=None, copy=None):
        if self.state != (False, "cpu", "float64"):
            raise RuntimeError(f"no NumPy array of {self.state}")
        return self.values


class Plain:
    """An object with the given attributes."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


def log_history():
    """Records of training and of evaluation, as Hugging Face's Trainer keeps them."""
    found = []
    for k, a, b in zip(K.tolist(), TRAIN.tolist(), TEST.tolist(), strict=True):
        found.append({"step": k, "train_accuracy": a, "learning_rate": 0.1, "epoch": k / 100})
        found.append({"step": k, "eval_accuracy": b, "eval_runtime": 0.5, "epoch": k / 100})
    return found


LISTS = {name: FRAME[name].tolist() for name in FRAME}
TABLES = {
    "pandas": FRAME,
    "an index of steps": FRAME.set_index("step"),
    "an index without a name": FRAME.set_index("step").rename_axis(None),
    "nullable columns": FRAME.convert_dtypes(),
    "lists": LISTS,
    "lists and a setting": {**LISTS, "lr": 0.1, "name": "a run"},
    "nested lists": {"config": {"lr": 0.1}, "history": LISTS},
    "arrays": {name: FRAME[name].to_numpy() for name in FRAME},
    "tensors": {"step": K, "train_acc": Tensor(TRAIN), "val_acc": Tensor(TEST)},
    "tensors without an axis": {
        "step": K,
        "train_acc": [Tensor(x) for x in TRAIN],
        "val_acc": [Tensor(x) for x in TEST],
    },
    "xarray": xr.Dataset({"train_acc": ("step", TRAIN), "val_acc": ("step", TEST)}, {"step": K}),
    "records": FRAME.to_dict("records"),
    "a structured array": FRAME.to_records(index=False),
    "log_history": log_history(),
    "a state": Plain(log_history=log_history()),
    "a Trainer": Plain(state=Plain(log_history=log_history())),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_and_histories(name):
    assert times(lb.diagnose(TABLES[name])) == TIMES


def test_named_columns_need_no_plain_names():
    frame = FRAME.rename(columns={"step": "n", "train_acc": "a", "val_acc": "b"})
    found = lb.diagnose(frame, train="a", test="b", step="n", kind="accuracy")
    assert times(found) == TIMES
    assert times(lb.diagnose(frame, "a", "b", step="n")) == TIMES  # plainly accuracies


def test_history_of_keras_counts_records():
    found = lb.diagnose(Plain(history={"accuracy": list(TRAIN), "val_accuracy": list(TEST)}))
    assert (found.t1.step, found.t2.step) == (8, 146)
    assert any("numbers of the records" in note for note in found.notes)


@pytest.mark.parametrize("every", [1, 10])
def test_steps_of_their_own_for_train_and_test(every):
    last = -(-14_534 // (100 * every)) * 100 * every  # the record at or after the passage
    expected = (TIMES[0], f"in [{last - 100 * every + 1}, {last}]")
    pair = (K, K[::every])
    assert times(lb.diagnose(steps=pair, train=TRAIN, test=TEST[::every])) == expected
    assert times(lb.diagnose(pair, TRAIN, TEST[::every])) == expected
    lists = {"a": K, "train_acc": TRAIN, "b": K[::every], "test_acc": TEST[::every]}
    for step in ("a,b", ("a", "b")):
        assert times(lb.diagnose(lists, "train_acc", "test_acc", step=step)) == expected


def test_arrays_without_steps():
    found = lb.diagnose(train=TRAIN, test=TEST)
    assert (found.t1.step, found.t2.step) == (8, 146)
    assert "no steps were given: they are the numbers of the records, from 0" in found.notes


@pytest.mark.parametrize("form", [np.asarray, Tensor, pd.Series, lambda x: [Tensor(y) for y in x]])
def test_arrays_of_any_library(form):
    assert times(lb.diagnose(form(K), form(TRAIN), form(TEST))) == TIMES
    found = lb.phases(form(K), form(1 - TRAIN), form(1 - TEST), (0.01, 0.05))
    assert times(found) == TIMES


def test_a_tensor_that_cannot_be_read_is_refused_with_the_cure():
    class Bare:
        def __len__(self):
            return len(K)

        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("cannot call numpy() on a tensor that requires grad")

    with pytest.raises(InvalidInput, match=r"requires grad.*\.detach\(\)") as caught:
        lb.diagnose(K, Bare(), Bare(), kind="loss", thresholds=(0.1, 0.1))
    assert "\n" not in str(caught.value)


# Several runs -------------------------------------------------------------------------------------

RUNS = (np.stack([TRAIN, TRAIN]), np.stack([TEST, 0.1 + 0 * TEST]))


@pytest.mark.parametrize("turn", [False, True])
def test_matrices_of_runs_and_steps(turn):
    train, test = (x.T if turn else x for x in RUNS)
    found = lb.diagnose(K, train, test)
    assert found.verdicts == {"run=0": "grokked", "run=1": "memorized_only"}
    assert times(found[0]) == times(found["run=0"]) == TIMES
    in_table = lb.diagnose({"step": K, "train_acc": train, "val_acc": test})
    assert in_table.verdicts == found.verdicts


def test_a_dataset_with_an_axis_of_seeds():
    axes = ("seed", "step")
    data = xr.Dataset({"train_acc": (axes, RUNS[0]), "val_acc": (axes, RUNS[1])}, {"step": K})
    found = lb.diagnose(data, by="seed")
    assert list(found.verdicts.values()) == ["grokked", "memorized_only"]
    with pytest.raises(InvalidInput, match='by="seed"'):
        lb.diagnose(data)


def test_seeds_in_a_column():
    frame = pd.concat([FRAME.assign(seed=0), FRAME.assign(val_acc=0.1, seed=1)])
    found = lb.diagnose(frame, by="seed")
    assert found.verdicts == {"seed=0": "grokked", "seed=1": "memorized_only"}
    assert times(lb.diagnose(frame, where="seed=0")) == TIMES
    with pytest.raises(InvalidInput, match='where="seed=0" for one of them, or by="seed" for all'):
        lb.diagnose(frame)


def test_a_run_without_an_answer_does_not_hide_the_others():
    train = RUNS[0].copy()
    train[1] = np.nan
    found = lb.diagnose(K, train, RUNS[1])
    assert list(found) == ["run=0"]
    with pytest.raises(InvalidInput, match="run=1 has no diagnosis: train has no finite value"):
        found["run=1"]
    assert found.to_dict()["runs"][1] == {"run": "run=1", "error": found.failed["run=1"]}
    with pytest.raises(KeyError, match="no run 'run=7'"):
        found["run=7"]


def order(*columns) -> str:
    """The sentence on test curves that jump at these steps, each logged until its last step."""
    found = {}
    for i, (jump, end) in enumerate(columns):
        k = np.arange(0, end + 1, 100)
        data = (k, np.where(k < 300, 0.2, 1.0), np.where(k < jump, 0.1, 1.0))
        found["abc"[i]] = lb.diagnose(*data, kind="accuracy")
    return lb.Diagnoses(found).sentences[0]


def test_which_run_generalizes_sooner_with_censoring():
    assert order((8000, 9000), (5000, 9000)) == "b generalizes before a"
    assert order((5000, 9000), (9999, 9000)) == "a generalizes before b (not by the end of its log)"
    assert "a log ends before that" in order((8000, 9000), (9999, 4000))
    assert "between the same two records" in order((8000, 9000), (8000, 9000))
    assert "not known" in order((9999, 9000), (9999, 9000))
    text = order((8000, 9000), (9999, 4000), (8500, 9000))
    assert text.startswith("a generalizes before c; whether before b is not known")


# Kinds --------------------------------------------------------------------------------------------


def test_a_kind_that_is_not_plain_is_asked_for():
    with pytest.raises(InvalidInput, match='kind="loss,accuracy"'):
        lb.diagnose(K, 1 - TRAIN, 1 - TEST)
    found = lb.diagnose(K, 1 - TRAIN, 1 - TEST, kind="error", thresholds=(0.01, 0.05))
    assert times(found) == TIMES


@pytest.mark.parametrize("unit", [1, 100])
def test_phases_refuses_accuracies_passed_as_errors(unit):
    with pytest.raises(InvalidInput, match="looks like an accuracy"):
        lb.phases(K, unit * TRAIN, unit * TEST, (0.01, 0.05))


def test_phases_warns_of_a_training_error_that_climbs_and_stays():
    with pytest.warns(UserWarning, match="is it an accuracy"):
        lb.phases(K, 0.8 * TRAIN, TEST, (0.01, 0.05))


@pytest.mark.parametrize(
    "train",
    [
        1 - TRAIN,
        1 - 0.8 * TRAIN,
        np.where(K < 15_000, 1 - TRAIN, 1.0),  # lost at the end, from chance level on
        1e-3 * np.exp(K / 2000),  # it blows up
        np.full(len(K), 0.95),
    ],
)
def test_phases_takes_errors_that_end_high(train):
    assert lb.phases(K, train, 1 - TEST, (0.01, 0.05)).t1 is not None


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: lb.diagnose(FRAME, "train_ac", "val_acc"), "did you mean 'train_acc'"),
        (lambda: lb.diagnose(FRAME, TRAIN, TEST), "of a table name the columns"),
        (lambda: lb.diagnose(K, TRAIN), "give the values of both curves"),
        (lambda: lb.diagnose(K, "train_acc", "val_acc"), "give the values of both curves"),
        (lambda: lb.diagnose(K, TRAIN, TEST, step="step"), "no table"),
        (lambda: lb.diagnose(K, TRAIN, TEST, by="seed"), "choose rows of a table"),
        (lambda: lb.diagnose(train=TRAIN, test=TEST[::2]), "give the steps of both"),
        (lambda: lb.diagnose(K, TRAIN + 1j, TEST, kind="accuracy"), "complex128"),
        (lambda: lb.diagnose(K, TRAIN[:, None], TEST[:, None]), None),
        (lambda: lb.diagnose(K[:-1], np.stack([TRAIN] * 2), RUNS[1]), "one value per step"),
        (lambda: lb.diagnose({}), "no curve"),
        (lambda: lb.diagnose([{}]), "no curve|empty"),
        (lambda: lb.diagnose(pd.DataFrame()), "no curve"),
        (lambda: lb.diagnose(5, 5, 5), "one value per step"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, said):
    if said is None:  # one column is one run
        assert call().verdicts == {"run=0": "grokked"}
        return
    with pytest.raises(InvalidInput, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert not re.search(r"--[a-z]", str(caught.value))


# What is shown ------------------------------------------------------------------------------------


def test_a_result_shows_itself(tmp_path):
    found = lb.diagnose(FRAME)
    first, *lines = repr(found).splitlines()
    assert first == "Diagnosis: grokked"
    assert "  t1 (memorized): in [701, 800] (bracketed)" in lines
    assert "  delay: in [13,701, 13,899]" in lines
    assert "<img" in found._repr_html_()
    assert len(found.plot(tmp_path / "out.svg").axes) == 1
    assert (tmp_path / "out.svg").stat().st_size > 1000
    assert found.to_dict()["t1"]["low"] == found.t1.low == 701


def test_several_results_show_a_table():
    found = lb.diagnose(K, *RUNS)
    lines = repr(found).splitlines()
    assert len(lines) == 5
    # (14501 - 800) / 800 and (14600 - 701) / 701.
    assert lines[2].endswith("17.1 to 19.8")
    assert lines[3].endswith("more than 24")  # (20001 - 800) / 800
    assert found._repr_html_().count("<tr>") == 3


def test_times_are_in_the_unit_of_a_log_in_fractions_of_epochs():
    """Records every quarter of an epoch: t1 is reached at 1.5, and not yet at 1.25."""
    epoch = np.arange(0, 20, 0.25)
    table = {
        "epoch": epoch,
        "train_acc": np.where(epoch < 1.5, 0.3, 1.0),
        "val_acc": np.where(epoch < 17, 0.1, 0.99),
    }
    found = lb.diagnose(table)
    assert (found.t1.low, found.t1.high, found.t1.step) == (1.25, 1.5, None)
    assert (found.t2.low, found.t2.high) == (16.75, 17.0)
    document = found.to_dict()
    assert (document["t1"]["low"], document["t2"]["high"]) == (1.25, 17.0)
