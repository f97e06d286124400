"""`lb.Monitor`: events, memory, restarts, and whether a run may stop."""

import json

import numpy as np
import pytest

import latebloom as lb
from latebloom.core.errors import InvalidInput
from latebloom.diagnosis.thinned import MOST

K = np.arange(0, 100_001, 20)
TRAIN = 0.9985 / (1 + np.exp(-(K - 500) / 60))
TEST = 0.99 / (1 + np.exp(-(K - 50_000) / 800))
T1, T2 = 800, 52_540  # by hand: 500 + 60 logit(0.99 / 0.9985), 50,000 + 800 logit(0.95 / 0.99)


def feed(monitor, steps=K, train=TRAIN, test=TEST):
    """The events of curves, one record after the other."""
    found = []
    for record in zip(steps.tolist(), train.tolist(), test.tolist(), strict=True):
        found += monitor.update(*record)
    return found


def kinds(events):
    return [(event.kind, event.step) for event in events]


def test_events_come_once_with_the_step_of_the_passage():
    events = feed(lb.Monitor())
    assert kinds(events) == [("memorized", T1), ("generalized", T2)]
    assert str(events[0]).startswith(f"memorized at step {T1}; test accuracy ")
    assert "this is where late generalization can begin" in str(events[0])
    assert "1/(alpha beta)" not in str(events[0])
    assert str(events[1]) == "generalized at step 52,540, 51,740 steps after memorization"


def test_the_delay_is_told_as_a_scaling_where_alpha_and_beta_are_known():
    events = feed(lb.Monitor(alpha=1e-3, beta=0.5))
    # 1/(alpha beta) = 2000, and a decade on each side.
    assert "the delay scales as 1/(alpha beta): about 200 to 20,000 more steps" in str(events[0])
    epochs = feed(lb.Monitor(alpha=1e-3, beta=0.5, updates_per_step=10))
    assert "about 20 to 2,000 more steps" in str(epochs[0])
    assert "1/(alpha beta)" not in str(feed(lb.Monitor(alpha=1e-3, beta=0))[0])


def test_one_lucky_record_is_no_event():
    train = np.where(np.arange(len(K)) % 7 == 0, 1.0, 0.5)
    assert not feed(lb.Monitor(), train=train, test=train)


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_noise_around_a_plateau_makes_no_further_event(noise):
    rng = np.random.default_rng(4)
    values = np.clip(TEST + noise * rng.standard_normal(len(K)), 0, 1)
    assert [e.kind for e in feed(lb.Monitor(), test=values)] == ["memorized", "generalized"]


def test_what_is_lost_and_comes_back():
    test = np.where((K >= 60_000) & (K < 70_000), 0.3, TEST)
    monitor = lb.Monitor()
    events = feed(monitor, test=test)
    assert kinds(events)[1:] == [
        ("generalized", T2),
        ("lost", 60_000),
        ("generalized_again", 70_000),
    ]
    assert str(events[2]).startswith("lost again at step 60,000: test accuracy 0.3, best 0.99")


def test_a_divergence():
    loss = np.where(K < 3000, 2.0 / (1 + K), np.nan)
    monitor = lb.Monitor(kind="loss", thresholds=(0.01, 0.01))
    events = feed(monitor, train=loss, test=np.full(len(K), 3.0))
    assert kinds(events)[-1] == ("diverged", 3000)
    assert monitor.may_stop()
    assert str(monitor.diagnosis().verdict) == "diverged"


def test_curves_logged_apart_and_tensors_of_one_number():
    class Tensor:
        def __init__(self, value):
            self.value = value

        def __float__(self):
            return self.value

    monitor, events = lb.Monitor(kind="percent"), []
    for k, a, b in zip(K.tolist(), (100 * TRAIN).tolist(), (100 * TEST).tolist(), strict=True):
        events += monitor.update(k, train=Tensor(a))
        if k % 1000 == 0:
            events += monitor.update(k, test=b)
    assert kinds(events) == [("memorized", T1), ("generalized", 53_000)]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (TRAIN, TEST),
        (TRAIN, 0.1 * TEST),
        (0.5 * TRAIN, 0.1 * TEST),
        (TRAIN, np.where(K < 40_000, TRAIN, 0.2)),
    ],
)
def test_the_diagnosis_is_that_of_the_whole_record(train, test):
    monitor = lb.Monitor()
    feed(monitor, train=train, test=test)
    assert max(len(c.record.steps) for c in (monitor.train, monitor.test)) <= MOST
    found, whole = monitor.diagnosis(), lb.diagnose(K, train, test, kind="accuracy")
    assert found.verdict is whole.verdict
    assert (found.t1, found.t2.low, found.t2.high) == (whole.t1, whole.t2.low, whole.t2.high)


def test_the_record_is_dense_early_and_late():
    monitor = lb.Monitor()
    feed(monitor)
    k = np.array(monitor.test.record.steps)
    assert np.count_nonzero(k <= K[-1] / 100) >= 25
    assert np.count_nonzero(k >= K[-1] / 2) >= 60


# Restarts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [100, 1000, 4000])
def test_a_restart_goes_on_from_the_file(tmp_path, stop):
    path = tmp_path / "monitor.json"
    first = lb.Monitor(path=path)
    events = feed(first, K[:stop], TRAIN[:stop], TEST[:stop])
    first.save()
    assert path.stat().st_size < 64 * 1024
    json.loads(path.read_text(), parse_constant=pytest.fail)  # no NaN
    again = lb.Monitor(path=path)
    assert again.update(int(K[stop - 1]), TRAIN[stop - 1], TEST[stop - 1]) == ()
    events += feed(again, K[stop:], TRAIN[stop:], TEST[stop:])
    assert kinds(events) == [("memorized", T1), ("generalized", T2)]
    assert again.diagnosis().to_dict() == _whole().diagnosis().to_dict()


def _whole():
    monitor = lb.Monitor()
    feed(monitor)
    return monitor


def test_steps_that_go_back_supersede_what_followed():
    monitor = lb.Monitor()
    feed(monitor)
    half = K < 30_000
    events = feed(monitor, K[~half], TRAIN[~half], np.full(np.count_nonzero(~half), 0.1))
    assert events == []
    assert monitor.test.reached is None
    assert monitor.train.reached == T1
    assert str(monitor.diagnosis().verdict) == "memorized_only"


def test_the_file_is_written_at_events_and_now_and_then(tmp_path, monkeypatch):
    path, now = tmp_path / "monitor.json", [0.0]
    monkeypatch.setattr("latebloom.diagnosis.monitor.time.monotonic", lambda: now[0])
    monitor = lb.Monitor(path=path, save_every=10)
    monitor.update(0, 0.1, 0.1)
    assert not path.exists()
    now[0] = 10.0
    monitor.update(1, 0.1, 0.1)
    assert path.exists()
    path.unlink()
    for k in (2, 3, 4):
        monitor.update(k, 1.0, 0.1)
    assert path.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["monitor.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"latebloom_monitor": 1}', "\x00\xff"])
def test_a_file_of_something_else_is_refused(tmp_path, text):
    path = tmp_path / "monitor.json"
    path.write_text(text)
    with pytest.raises(InvalidInput, match="is no state of a monitor"):
        lb.Monitor(path=path)


def test_a_file_of_another_monitor_is_refused(tmp_path):
    path = tmp_path / "monitor.json"
    lb.Monitor(path=path).save()
    with pytest.raises(InvalidInput, match=r"thresholds.*choose another path"):
        lb.Monitor(path=path, thresholds=(0.9, 0.9))


# May it stop? -------------------------------------------------------------------------------------


def decision(until, train=TRAIN, test=TEST, **options):
    monitor = lb.Monitor(**options)
    keep = until >= K
    feed(monitor, K[keep], train[keep], test[keep])
    return monitor.may_stop()


@pytest.mark.parametrize(
    ("found", "stop", "why"),
    [
        (decision(400), False, "not memorized yet"),
        (decision(40_000), False, "trained 50 times as long"),
        (decision(40_000, patience=40), True, "patience is 40 times"),
        (decision(40_000, alpha=1e-3, beta=0.1), False, "about 1,000 to 100,000 steps"),
        (decision(40_000, alpha=1e-2, beta=0.1), True, "10,000 steps are 10 times that"),
        (decision(60_000), True, "generalized at step 52,540, and has kept it"),
        (decision(90_000, test=np.where(K < 80_000, TEST, 0.2)), False, "lost it at step 80,000"),
    ],
)
def test_whether_it_may_stop(found, stop, why):
    assert bool(found) is found.stop is stop
    assert why in found.reason
    assert str(found).startswith("it may stop: " if stop else "do not stop yet: ")


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "loss"}, "no natural threshold"),
        ({"kind": "acc"}, "one or two of accuracy"),
        ({"kind": "loss,loss,loss"}, "one or two of"),
        ({"thresholds": (1.5, 0.9)}, r"in \(0, 1\]"),
        ({"alpha": -1.0}, "alpha"),
        ({"patience": 0.5}, "patience"),
        ({"save_every": -1}, "save_every"),
    ],
)
def test_options_that_make_no_sense(options, said):
    with pytest.raises(InvalidInput, match=said):
        lb.Monitor(**options)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ((0, 12.5), 'train is 12.5 at step 0; an accuracy is in [0, 1] (kind="percent"?)'),
        ((0, None, -0.1), "test is -0.1 at step 0; an accuracy is in [0, 1]"),
        ((0, "high"), "train is 'high' at step 0; give one number"),
        ((0, [0.1, 0.2]), "train is '[0.1, 0.2]' at step 0; give one number"),
        ((-1, 0.1), "step is -1: must be a number >= 0"),
        ((float("nan"), 0.1), "step is nan: must be a number >= 0"),
        (("one", 0.1), "step is 'one': must be a number >= 0"),
    ],
)
def test_records_that_make_no_sense(record, said):
    with pytest.raises(InvalidInput) as caught:
        lb.Monitor().update(*record)
    assert str(caught.value) == said


def test_a_monitor_without_a_file_saves_nothing_and_few_records_are_no_diagnosis():
    monitor = lb.Monitor()
    with pytest.raises(InvalidInput, match="no file"):
        monitor.save()
    with pytest.raises(InvalidInput, match="nothing has been recorded of train"):
        monitor.diagnosis()
    monitor.update(np.int64(0), np.float32(0.1), 0.1)
    with pytest.raises(InvalidInput, match="needs at least 5"):
        monitor.diagnosis()


@pytest.mark.parametrize("thresholds", [(0.99, 0.95), (99, 95)])
@pytest.mark.parametrize("kind", ["accuracy", "percent"])
def test_thresholds_are_fractions_or_percent_as_of_a_diagnosis(kind, thresholds):
    """A test accuracy of 2 percent is far below either form of the threshold."""
    unit = 100.0 if kind == "percent" else 1.0
    monitor = lb.Monitor(kind=kind, thresholds=thresholds)
    for step in range(0, 100, 10):
        monitor.update(step, train=1.0 * unit, test=0.02 * unit)
    assert monitor.thresholds == (0.99, 0.95)
    assert (monitor.train.reached, monitor.test.reached) == (0, None)
    found = monitor.diagnosis()
    assert found.thresholds == (0.99, 0.95)
    assert found.phases.t2.high is None


@pytest.mark.parametrize("rising", [True, False])
def test_a_run_whose_test_curve_still_rises_may_not_stop(rising):
    """After ten times 1/(alpha beta) a flat curve may stop, and one that rises may not."""
    monitor = lb.Monitor(alpha=0.1, beta=0.1)
    noise = 0.01 * np.random.default_rng(0).standard_normal(400)
    for i in range(400):
        monitor.update(10 * i, 1.0, 0.2 + (0.6 * i / 400 if rising else 0.0) + noise[i])
    decision = monitor.may_stop()
    assert bool(decision) is not rising
    assert ("still getting better" in str(decision)) is rising


@pytest.mark.parametrize(("every", "stop"), [(20, True), (3, True), (1, False)])
def test_a_run_at_its_threshold_now_and_then_has_not_kept_it(every, stop):
    """Three records in a row are an event; what follows is above the threshold, not by twice."""
    monitor = lb.Monitor()
    for i in range(400):
        late = 0.96 if i < 203 or i % every else 0.92
        monitor.update(10 * i, 1.0 if i > 2 else 0.1, 0.1 if i < 200 else late)
    decision = monitor.may_stop()
    assert bool(decision) is stop
    assert ("has kept it" in str(decision)) is (every == 20)


PACES = {
    "per decade": lambda k: np.log10(k + 1.0) / np.log10(30_001),
    "per step": lambda k: k / 30_000,
    "faster and faster": lambda k: (k / 30_000) ** 3,
}


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("rise", [0.003, 0.01, 0.03])
@pytest.mark.parametrize("records", [50, 1000])
@pytest.mark.parametrize("spaced", [np.linspace, np.geomspace])
def test_a_slow_rise_without_noise_may_not_stop(pace, rise, records, spaced):
    """Less than a hundredth per decade is a rise, where no noise hides it."""
    steps = np.unique(spaced(1, 30_000, records).astype(int))
    for kind, sign in (("accuracy", 1), ("loss", -1)):
        monitor = lb.Monitor(
            kind=kind, thresholds=(0.99, 0.95) if sign > 0 else (2, 1e-3), alpha=0.1, beta=1.0
        )
        for step in steps:
            monitor.update(int(step), 1.0, 0.5 + sign * rise * float(PACES[pace](step)))
        assert "still getting better" in str(monitor.may_stop())


@pytest.mark.parametrize("noise", [0.0, 1e-7, 0.01])
def test_a_plateau_may_stop(noise):
    """Also where the last digits of a float32 move."""
    rng, may = np.random.default_rng(2), []
    for _ in range(20):
        monitor = lb.Monitor(alpha=0.1, beta=1.0)
        for i in range(300):
            monitor.update(10 * i, 1.0, 0.5 + noise * rng.standard_normal())
        may.append(bool(monitor.may_stop()))
    assert sum(may) >= 19


def test_a_run_that_groks_is_not_stopped_before():
    """3,000 updates are beyond any patience here, and the error falls all the time."""
    steps = np.arange(0, 3001, 10)
    errors = np.maximum(1 - steps / 3000, 1e-3)
    for beta in (None, 0.1):
        monitor = lb.Monitor(
            kind="error", thresholds=(0.01, 0.02), alpha=beta and 0.1, beta=beta, patience=2
        )
        before = []
        for k, e in zip(steps, errors, strict=True):
            monitor.update(k, 1.0 if k < 30 else 1e-3, e)
            if k >= 60 and monitor.test.reached is None:
                before.append(bool(monitor.may_stop()))
        assert sum(before[10:]) == 0
        assert monitor.may_stop()  # it has generalized


def test_a_run_that_has_generalized_in_part_waits_for_twice_its_best():
    """A plateau from step 500 on, with its best at step 1,500, may stop at step 3,000."""
    monitor = lb.Monitor(alpha=0.1, beta=1.0)
    for step in range(0, 3001, 10):
        monitor.update(step, 1.0, 0.1 if step < 500 else 0.81 if step == 1500 else 0.8)
        if step == 2500:
            assert "generalized in part: best test accuracy 0.81" in str(monitor.may_stop())
    assert monitor.may_stop()
