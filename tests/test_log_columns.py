"""What the names and the values of columns say: steps, train and test, kind and unit."""

import numpy as np
import pytest

from latebloom.core.errors import InvalidInput
from latebloom.diagnosis import diagnose_log
from latebloom.diagnosis.choose import choose
from latebloom.diagnosis.logs import Log
from latebloom.diagnosis.logs.names import guess_kind, is_step, meaning, words_of
from latebloom.diagnosis.units import whole_steps

K = np.arange(0, 10_001, 100)
TRAIN = 0.01 + 0.99 / (1 + np.exp(-(K - 500) / 60))
TEST = 0.01 + 0.99 / (1 + np.exp(-(K - 7000) / 60))


def log(**columns):
    return Log.of("x.csv", columns)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *[(f"{role}_{name}", "accuracy") for role in ("train", "val") for name in (
            *("acc", "accs", "accuracy", "Accuracies", "acc1", "acc@1", "acc@5", "prec@1", "top1"),
            *("top-1", "top_5", "iou", "mIoU", "f1", "F1-score", "em", "exact_match"),
            *("auc", "AUROC", "recall", "precision", "dice", "mAP"),
        )],
        *[(f"test/{name}", "error") for name in ("err", "error", "errors", "wer", "CER", "err1")],
        *[(f"eval{name}", "loss") for name in ("Loss", "_losses", "_nll", "/mse", " CE", "_ppl")],
        ("valacc", "accuracy"),
        ("trainLoss", "loss"),
        ("squared_error", "loss"),
        ("learning_rate", None),
        ("raccoon", None),
        ("mseacc", None),
        ("accuracy_loss", None),
        ("column 3", None),
    ],
)  # fmt: skip
def test_kinds_are_told_by_words_not_by_letters(name, kind):
    assert guess_kind(name) == kind


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("train_acc", "train"),
        ("Training Accuracy", "train"),
        ("acc_tr", "train"),
        ("valid_acc", "val"),
        ("dev/f1", "val"),
        ("evalAccuracy", "val"),
        ("heldout acc", "test"),
        ("testacc", "test"),
        ("acc", None),
        ("trial", None),
        ("value", None),
        ("latest_acc", None),
        ("strain", None),
    ],
)
def test_the_set_of_examples_is_told_by_words(name, role):
    assert meaning(name).role == role


def test_words_of_names():
    assert words_of("train/Top-1 Acc (%)") == ["train", "top1", "acc"]
    assert [
        n for n in ("Step", "global_step", "trainer/global_step", "epoch", "n_iter") if is_step(n)
    ]
    assert not any(map(is_step, ("steps_per_second", "acc_step", "time", "train_acc_epoch")))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("step train_acc val_acc", "train_acc val_acc step"),
        ("epoch loss acc val_loss val_acc", "acc val_acc epoch"),
        ("epoch step train_acc val_acc test_acc", "train_acc test_acc step"),
        ("step train_top5 train_top1 val_top5 val_top1", "train_top1 val_top1 step"),
        ("step train_f1 train_acc val_f1 val_acc", "train_acc val_acc step"),
        ("step train_loss train_err test_loss test_err", "train_err test_err step"),
        ("step loss eval_loss eval_accuracy", "loss eval_accuracy step"),
        ("step best_train_acc train_acc best_val_acc val_acc", "train_acc val_acc step"),
        ("step lr train_acc_time train_acc val_acc val_acc_std", "train_acc val_acc step"),
        ("step train_acc_poisoned train_acc val_acc_poisoned val_acc", "train_acc val_acc step"),
        ("step train_acc_step train_acc_epoch val_acc", "train_acc_step val_acc step"),
        ("0 1 2", "1 2 0"),
    ],
)
def test_the_best_pair_is_chosen(names, expected):
    choice = choose(log(**dict.fromkeys(names.split(), K * 1.0)))
    train, test, *steps = expected.split()
    assert (choice.train, choice.test) == (train, test)
    assert set(choice.steps) == (set(steps) or {None})


@pytest.mark.parametrize(
    "names",
    [
        "a_train_acc b_train_acc a_test_acc b_test_acc",
        "step train_f1_a train_f1_b val_f1_a val_f1_b",
    ],
)
def test_pairs_that_fit_equally_well_are_asked_for(names):
    with pytest.raises(
        InvalidInput, match=r"or '.*' with '.*'\? diagnose needs --train and --test"
    ):
        choose(log(**dict.fromkeys(names.split(), K * 1.0)))


def test_names_that_need_quotes_get_them():
    choice = choose(log(**{"Step": K * 1.0, "Train Acc": TRAIN, "Val Acc": TEST}))
    assert choice.options == "--train 'Train Acc' --test 'Val Acc' --step Step"


@pytest.mark.parametrize(
    "names", [["step", "a", "b"], ["step", "train_acc"], ["step", "test_acc", "val_acc"], ["step"]]
)
def test_what_cannot_be_guessed_is_asked_for(names):
    with pytest.raises(InvalidInput, match="diagnose needs --train and --test, columns of"):
        choose(log(**dict.fromkeys(names, K * 1.0)))


def test_a_name_may_be_spelled_in_another_way():
    found = log(**{"step": K, "train/Acc 1": TRAIN, "val.acc": TEST})
    assert [found.known(name) for name in ("Step", "train_acc_1", "val acc", "VAL/ACC")] == [
        *("step", "train/Acc 1", "val.acc", "val.acc")
    ]
    with pytest.raises(InvalidInput, match="2 columns are called 'acc'; name one of a/acc, b/acc"):
        log(**{"a/acc": TRAIN, "b/acc": TEST}).known("acc")


# Units --------------------------------------------------------------------------------------------


def test_percent_below_one_is_percent_beside_percent():
    low = np.full(len(K), 0.9) + 0.05 * np.sin(K)
    found = diagnose_log(log(step=K, train_acc=100 * TRAIN, test_acc=low))
    assert found.test.values.max() < 0.01
    assert any("one logger, one unit" in note for note in found.notes)


def test_a_fraction_beside_percent_is_refused():
    with pytest.raises(InvalidInput, match="one unit or two"):
        diagnose_log(log(step=K, train_acc=100 * TRAIN, test_acc=TEST))
    found = diagnose_log(log(step=K, train_acc=100 * TRAIN, test_acc=TEST), kind="percent,accuracy")
    assert found.phases.t2.high == 7200


def test_values_tell_the_kind_only_if_they_are_plain():
    found = diagnose_log(log(step=K, train=TRAIN, test=TEST))
    assert found.phases.t2.high == 7200
    assert any("read as accuracies" in note for note in found.notes)
    for train in (1 - TRAIN, 2 * TRAIN, 0.5 * TRAIN, TRAIN - 0.5, np.ones(len(K))):
        with pytest.raises(InvalidInput, match="does not tell"):
            diagnose_log(log(step=K, train=train, test=TEST))


@pytest.mark.parametrize(
    ("per_epoch", "decimals"), [(4, 9), (3, 9), (7, 9), (64, 9), (100, 2), (937, 4), (1000, 12)]
)
def test_fractions_of_epochs_give_the_times_in_epochs(per_epoch, decimals):
    epochs = np.round(np.arange(0, 101) / per_epoch, decimals)
    found = diagnose_log(log(epoch=epochs, train_acc=TRAIN, test_acc=TEST)).to_dict()
    assert found["t2"]["low"] == pytest.approx(epochs[71])
    assert found["t2"]["high"] == pytest.approx(epochs[72])
    assert found["delay_bounds"][0] == pytest.approx(epochs[71] - epochs[8])
    assert found["delay_bounds"][1] == pytest.approx(epochs[72] - epochs[7])


def test_whole_steps_stay_as_they_are():
    columns, unit = whole_steps({"a": (K.astype(float), TRAIN)}, [])
    assert unit == 1
    assert columns["a"][0].tolist() == K.tolist()


@pytest.mark.parametrize(
    ("short", "rows"),
    [(50, range(1, 101, 2)), (51, range(0, 101, 2)), (20, range(4, 100, 5)), (101, range(101))],
)
def test_a_shorter_column_was_logged_at_every_nth_row(short, rows):
    found = log(train=TRAIN, test=np.zeros(short))
    assert found.series("test", None)[0].tolist() == list(rows)


def test_lengths_that_do_not_fit_are_named():
    with pytest.raises(InvalidInput, match="'test' has 70 values for 101 of 'row'"):
        log(train=TRAIN, test=np.zeros(70)).series("test", None)


@pytest.mark.parametrize("names", ["blah_training blah_xyz", "xyz_blah test_blah", "ω train_ω"])
def test_the_other_curve_of_a_quantity_needs_no_word_that_is_known(names):
    log = Log.of(
        "x.csv", {"step": range(9), **{name: np.linspace(0, 1, 9) for name in names.split()}}
    )
    choice = choose(log)
    assert [choice.train, choice.test] == sorted(
        names.split(), key=lambda name: "train" not in name and "xyz_" not in name
    )
