"""Which column counts the steps, whatever it is called, and what is said where none does."""

import json

import numpy as np
import pandas as pd
import pytest
from diagnosis_logs import EVERY, TEST, TRAIN

import latebloom as lb
from latebloom.cli.main import main
from latebloom.core.errors import InvalidInput

T2 = (12_201, 14_400)  # the default threshold of `TEST` lies in it


def table(**columns):
    return pd.DataFrame({**columns, "train_acc": TRAIN, "test_acc": TEST})


def said(found):
    return " ".join((*found.reasons, *found.notes))


NAMES = [
    "Schritt",
    "global_it",
    "étape",
    "counter",
    "foo",
    "步数",
    "n_upd",
    "tokens_seen",
    "samples",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_column_that_counts_is_the_clock_whatever_it_is_called(name):
    found = lb.diagnose(table(**{name: EVERY}))
    assert found.t2 == lb.diagnose(EVERY, TRAIN, TEST, kind="accuracy").t2
    assert f"'{name}'" in said(found)
    assert "evenly" not in said(found)


def test_fractions_that_rise_evenly_are_epochs():
    found = lb.diagnose(table(Durchlauf=EVERY / 1000))
    assert found.t2.high == pytest.approx(T2[1] / 1000, rel=0.1)


OTHERS = {
    "a time of a clock": ("ts", 1.7e9 + EVERY),
    "thousandths of seconds": ("t", 1.7e12 + 1000.0 * EVERY),
    "a metric": ("n_correct", EVERY),
    "seconds": ("elapsed", EVERY),
    "uneven fractions": ("foo", EVERY**1.01 / 7),
    "not monotone": ("foo", np.where(EVERY % 300 == 0, EVERY - 150, EVERY).clip(0)),
    "constant": ("batch_size", np.full(len(EVERY), 512)),
    "a batch in its epoch": ("foo", np.arange(len(EVERY)) % 10),
    "negative": ("foo", EVERY - 5000),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_columns_are_no_steps_and_the_ratio_says_so(case):
    name, values = OTHERS[case]
    found = lb.diagnose(table(**{name: values}))
    assert found.t2.high < len(EVERY)
    assert "records are evenly spaced" in said(found)
    assert found.delay.of_records
    assert "records, " in said(found)


def test_a_clock_gives_way_to_the_column_that_counts():
    found = lb.diagnose(table(t=1.7e9 + EVERY, Schritt=EVERY))
    assert "'Schritt'" in said(found)
    assert found.t2.high > len(EVERY)


def test_a_column_that_only_counts_the_rows_is_the_last_choice():
    frame = table(nr=np.arange(len(EVERY)), foo=EVERY)
    assert "'foo'" in said(lb.diagnose(frame))
    assert "'nr'" in said(lb.diagnose(frame.drop(columns="foo")))


def test_names_of_steps_go_before_columns_that_look_like_them():
    found = lb.diagnose(table(foo=7 * EVERY, step=EVERY))
    assert found.t2 == lb.diagnose(EVERY, TRAIN, TEST, kind="accuracy").t2


def test_a_batch_within_its_epoch_gives_way_to_a_column_that_counts():
    found = lb.diagnose(table(batch=np.arange(len(EVERY)) % 10, Schritt=EVERY))
    assert "'Schritt'" in said(found)


@pytest.mark.parametrize("inner", ["batch", "batch_idx", "iter", "foo"])
@pytest.mark.parametrize("begin", [0, 1])
def test_the_batch_in_an_epoch_counts_with_it(inner, begin):
    i = np.arange(len(EVERY))
    found = lb.diagnose(table(epoch=i // 10, **{inner: i % 10 + begin}))
    assert f"'epoch and {inner}'" in said(found)
    rows = lb.diagnose(None, TRAIN, TEST, kind="accuracy")
    assert (found.t2.high - begin, found.t2.high - found.t2.low) == (rows.t2.high, 0)


def test_an_epoch_with_many_records_is_no_clock():
    found = lb.diagnose(table(epoch=np.arange(len(EVERY)) // 10))
    assert found.delay.of_records
    assert "'epoch' is the same in many records" in said(found)
    assert lb.diagnose(table(epoch=np.arange(len(EVERY)) // 10), step="epoch").t2.high < 20


def test_a_time_of_a_clock_is_refused_as_steps():
    with pytest.raises(InvalidInput, match="times of a clock, from 1700000000"):
        lb.diagnose(table(ts=1.7e9 + EVERY), step="ts")


def test_a_curve_with_fewer_values_says_how_it_is_read():
    found = lb.diagnose({"train_acc": TRAIN.tolist(), "test_acc": TEST[::10].tolist()})
    assert "'test_acc' has 21 values for 201 records: read as one of every 10" in said(found)


def test_runs_are_told_apart_on_steps_of_an_unknown_name():
    one = table(Schritt=EVERY, seed=0)
    two = table(Schritt=EVERY, seed=1)
    found = lb.diagnose(pd.concat([one, two], ignore_index=True), by="seed")
    assert [one.t2.high for one in found.values()] == [lb.diagnose(one).t2.high] * 2


def test_arrays_without_steps_say_that_the_ratio_counts_records():
    found = lb.diagnose(None, TRAIN, TEST, kind="accuracy")
    assert found.delay.of_records
    assert "evenly spaced" in said(found)
    assert not lb.diagnose(EVERY, TRAIN, TEST, kind="accuracy").delay.of_records


def test_the_rows_that_are_asked_for_are_said_too():
    found = lb.diagnose(table(step=EVERY), step="row")
    assert found.delay.of_records


def test_record_numbers_are_not_compared_with_steps(tmp_path, capsys):
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    table(step=EVERY).to_csv(paths[0], index=False)
    table().to_csv(paths[1], index=False)
    assert main(["compare", *map(str, paths), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["sooner"]
    assert said.startswith("which generalizes first is not known: b.csv has no steps")
