"""No sentence that is printed of an experiment contradicts another one."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import latebloom as lb
from benchmarks.every_kind import EXACT, STEPPED, TRAINED, experiments, uniform
from latebloom.cli.tables import print_check, print_prediction, run_rows
from latebloom.problems import LeastSquares, VectorLeastSquares
from latebloom.theory.advice import explain

TIMES = (r"t1 \(memorized\)", r"t2 \(generalized\)")
NEVER = r"never: the error|does not generalize|cannot generalize|cannot fit"
LONGER = r"train longer|train for|steps longer|horizon is too short"
# Two statements that cannot both be true of one run, in any order.
CONTRADICTIONS = (
    (r"may still generalize|test error .* it gets there about step", NEVER),
    (LONGER, NEVER),
    (LONGER, r"t2: the test error ends at \S+, above its threshold"),
    (r"nothing is known to keep it above", r"(ends|end it is) (at|about) \S+, above its threshold"),
    (r"has not come to rest", r"has come to rest"),
    (r"verdict undecided", r"\b(grokked|never_memorized|memorized_only|mirage|diverged)\b"),
    (r"its limit is", r"where this method ends is not known"),
    (r"stays above", r"where this method ends is not known"),
    (r"verdict grokked", r"cannot generalize"),
    (r"the test error ends at or below its threshold +no", r"too short for the test error"),
    (r"the training error ends at or below its threshold +no", r"too short for the training error"),
)
Fact = Callable[[lb.Run], bool]


def without_penalty(run: lb.Run) -> bool:
    """Whether nothing is penalized."""
    return not any(getattr(term.beta, "largest", term.beta) > 0 for term in run.experiment.terms)


# Statements that a fact about the run makes false, or out of place.
FALSE_IF: tuple[tuple[str, Fact], ...] = (
    (
        r"1/\(alpha beta\)|lower beta|smaller beta|lower alpha or beta|the penalty acts",
        without_penalty,
    ),
    (r"add a penalty", lambda run: not without_penalty(run)),
    (LONGER, lambda run: run.phases.t1.floor is not None or run.phases.t2.floor is not None),
    (r"floors=", lambda _: True),  # an argument of a function, in the report of a run
    (r"ground truth", lambda run: run.has_truth),
    (r"without a test error", lambda run: run.has_truth),
    (r"may still generalize|test error .* at the last step", lambda run: not run.has_truth),
)
# A number that two statements give to the same thing, to three digits.
SAME = (
    (
        r"test error \S+ > \S+ at the last step.*(?:limit is|end it is about|way to) ([\d.e+-]+\d)",
        r"t2: the test error ends at ([\d.e+-]+\d)",
    ),
)


def report(run: lb.Run, prediction: lb.Prediction) -> str:
    """Return all that `run` prints of a run, one statement a line."""
    rows = [" ".join(cell for cell in row if cell) for row in run_rows(run, prediction)]
    return "\n".join(rows + explain(run, prediction))


def contradictions(text: str, run: lb.Run) -> Iterator[str]:
    """Yield what is wrong with what was printed of a run."""
    for one, other in CONTRADICTIONS:
        if (a := re.search(one, text)) and (b := re.search(other, text)):
            yield f"{a[0]!r} and {b[0]!r}"
    for statement, fact in FALSE_IF:
        if (a := re.search(statement, text)) and fact(run):
            yield f"{a[0]!r} is false of it"
    for one, other in SAME:
        if (a := re.search(one, text)) and (b := re.search(other, text)) and a[1] != b[1]:
            yield f"{a[0]!r} and {b[0]!r}"
    yield from false_floors(run)
    yield from useless_betas(text, run)
    yield from rows_apart(text, run.experiment)
    for step in re.findall(r"not by step ([\d,]+)", text):
        if int(step.replace(",", "")) != run.last_step:
            yield f"not by step {step}, in a run of {run.last_step:,} steps"
    if predicted := re.search(r"t2 \(generalized\).* ([\d,]+) \[([\d,]+), ([\d,]+)\]", text):
        t2, low, high = (int(part.replace(",", "")) for part in predicted.groups())
        for step in re.findall(r"test error .*it gets there about step ([\d,]+)", text):
            seen = int(step.replace(",", ""))
            if not low - 0.01 * t2 <= seen <= high + 0.01 * t2:
                yield f"{predicted[0]!r} and about step {step}"


def curves(run: lb.Run) -> list[tuple[lb.Passage, np.ndarray]]:
    """Return t1 and t2 with the errors of which they are."""
    names = ("train_error", "test_error")
    passages = (run.phases.t1, run.phases.t2)
    return [
        (p, run.trajectory[n].values)
        for p, n in zip(passages, names, strict=True)
        if n in run.trajectory
    ]


def false_floors(run: lb.Run) -> Iterator[str]:
    """Yield floors that are above an error of the run, or of a longer one."""
    shown = curves(run)
    exact = run.engine in ("spectral", "jump") and run.records == "iterates"
    if exact and any(passage.floor is not None for passage, _ in shown):
        longer = lb.simulate(run.experiment.with_(steps=100 * run.last_step + 100))
        shown += [(p, errors) for (p, _), (_, errors) in zip(shown, curves(longer), strict=True)]
    for passage, errors in shown:
        if passage.floor is not None and errors.min() < passage.floor * (1 - 1e-6):
            yield f"a floor of {passage.floor:.6g}, and an error of {errors.min():.6g}"


def useless_betas(text: str, run: lb.Run) -> Iterator[str]:
    """Yield the advice to lower beta where the error at beta = 0 is above the threshold too."""
    data = run.experiment.problem
    if "lower beta" not in text or not isinstance(data, VectorLeastSquares):
        return
    a, _, rank, _ = np.linalg.lstsq(data.X, data.y_star)
    goals = run.experiment.thresholds
    residual = np.linalg.norm(data.X @ a - data.y_star) / np.linalg.norm(data.y_star)
    if run.phases.t1.high is None and residual > goals[0]:
        yield f"lower beta, and least squares leaves {residual:.3g}"
    if run.phases.t1.high is not None and data.a_star is not None and rank == a.size:
        error = np.linalg.norm(a - data.a_star) / np.linalg.norm(data.a_star)
        if error > goals[1]:
            yield f"lower beta, and the only solution has the error {error:.3g}"


def rows_apart(text: str, experiment: lb.Experiment) -> Iterator[str]:
    """Yield rows of a prediction that contradict each other."""
    rows = {
        title: re.search(rf"^ *{re.escape(title)} +(\S+)", text, re.MULTILINE)
        for title in ("training error on its plateau", "t2, proved not before")
    }
    t1, t2 = (re.search(rf"^ *{t} +([\d,]+)(?: \[|\s*$)", text, re.MULTILINE) for t in TIMES)
    level, least = (None if m is None or m[1] == "-" else m[1] for m in rows.values())
    if t1 and level and float(level.replace(",", "")) > 1.01 * experiment.thresholds[0]:
        yield f"t1 = {t1[1]}, and then a training error of {level}"
    if t2 and least and int(least.replace(",", "")) > int(t2[1].replace(",", "")):
        yield f"t2 = {t2[1]}, and not before {least}"
    for name, goal in zip(("training", "test"), experiment.thresholds, strict=True):
        ends = re.search(rf"{name} error ends at or below its threshold +(yes|no)", text)
        end = re.search(rf"^ *{name} error at the end +(\d[\d.e+-]*) *$", text, re.MULTILINE)
        clear = ends and end and abs(float(end[1]) / goal - 1) > 0.01
        if clear and (ends[1] == "yes") != (float(end[1]) <= goal):
            yield f"{ends[0]!r} and {end[0]!r}"


def ill_conditioned(count: int, seed: int) -> Iterator[lb.Experiment]:
    """Yield experiments whose errors pass below where they end, or come to it from below."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        n = int(rng.choice([3, 6, 15]))
        N = int(rng.choice([n // 2, n, 2 * n]))
        kind = rng.integers(4)
        i, j = np.arange(N)[:, None], np.arange(n)
        X = (
            rng.standard_normal((N, n)),
            0.8 ** abs(i - j),
            1 / (1.0 + i + j),
            np.vander(rng.uniform(-1, 1, N), n),
        )[kind]
        a = np.zeros(n)
        a[rng.choice(n, min(n, 2), replace=False)] = rng.standard_normal(min(n, 2))
        noise = 0.0 if rng.random() < 0.4 else uniform(rng, -3, -1)
        problem = lb.LinearData(X=X, y_star=X @ a + noise * rng.standard_normal(N), a_star=a)
        method = (lb.ProximalGradient, lb.Subgradient, lb.GradientDescent)[rng.integers(3)]
        beta = uniform(rng, -7, -0.5) * float(abs(X.T @ problem.y_star).max())
        l1, l2 = lb.L1(beta), lb.L2(beta)
        penalty = (None, l2)[rng.integers(2)]
        if method is lb.ProximalGradient:
            penalty = (None, l1, l1, l2, l1 + l2)[rng.integers(5)]
        elif method is lb.Subgradient:
            penalty = l1
        yield lb.Experiment(
            problem,
            penalty,
            method(problem.alpha_max * uniform(rng, -2, -0.02)),
            init=(1e-6, 0.1, 10.0)[rng.integers(3)],
            steps=int(uniform(rng, 0, 4)),
            thresholds=(uniform(rng, -4, -0.1), uniform(rng, -3, -0.1)),
        )


def varied(kind: str, count: int, seed: int) -> Iterator[lb.Experiment]:
    """Yield experiments of a kind with any horizon; one in five has no ground truth."""
    rng = np.random.default_rng([seed, 9])
    for experiment in experiments(kind, count, seed):
        steps = int(10 ** rng.uniform(0.5, np.log10(experiment.steps)))
        if kind in STEPPED or kind in TRAINED:
            steps = 10 ** int(rng.integers(1, 4))  # few horizons: each compiles a program
        changed = experiment.with_(steps=steps)
        data = experiment.problem
        if isinstance(data, VectorLeastSquares) and rng.random() < 0.2:
            changed = changed.with_(problem=lb.LinearData(X=data.X, y_star=data.y_star))
        yield changed


def stories(experiment: lb.Experiment, checked: bool, capsys) -> tuple[str, lb.Run]:
    """Return what run, predict and check print of an experiment."""
    jump = isinstance(experiment.method, lb.Subgradient | lb.ProjectedSubgradient)
    vector = isinstance(experiment.problem, VectorLeastSquares)
    linear = vector and type(experiment.model) is lb.Linear and jump
    constant = linear and all(isinstance(t.beta, float) for t in experiment.terms)
    engine = "jump" if constant and isinstance(experiment.method.alpha, float) else "auto"
    run = lb.simulate(experiment, engine=engine)
    prediction = lb.predict(experiment, exact=isinstance(experiment.problem, LeastSquares))
    print_prediction(experiment, prediction)
    if checked:
        print_check(run, lb.check(run))
    return report(run, prediction) + "\n" + capsys.readouterr().out, run


def assert_one_story(kinds: list[str], count: int, seed: int, capsys, every: int) -> set[str]:
    """Assert it of `count` experiments of each kind, with the laws of every so many; return the
    verdicts seen."""
    wrong, seen = [], set()
    cases = ((kind, e) for kind in kinds for e in varied(kind, count, seed))
    for i, (kind, experiment) in enumerate(cases):
        text, run = stories(experiment, i % every == 0, capsys)
        seen.add(str(run.phases.verdict))
        wrong += [f"{kind} {i}: {what}\n{text}" for what in contradictions(text, run)]
    assert not wrong, "\n\n".join([what.partition("\n")[0] for what in wrong] + wrong)
    return seen


def test_no_two_sentences_of_a_report_contradict_each_other(capsys):
    kinds = [*EXACT, "subgradient, l1", "projected subgradient, l1"]
    seen = assert_one_story(kinds, 3, 3, capsys, every=15)
    seen |= assert_one_story(kinds, 2, 4, capsys, every=15)
    assert {"grokked", "memorized_only", "never_memorized", "undecided"} <= seen


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:no entry is observed")  # what a random mask leaves out
@pytest.mark.parametrize("kind", [*EXACT, *STEPPED, *TRAINED])
def test_no_two_sentences_of_a_report_contradict_each_other_of_any_kind(kind, capsys):
    assert_one_story([kind], 40 if kind in EXACT else 12, 4, capsys, every=6)


@pytest.mark.parametrize("seed", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_nor_where_an_error_passes_below_its_end(seed, capsys):
    wrong = []
    for i, experiment in enumerate(ill_conditioned(300 if seed == 3 else 25, seed)):
        text, run = stories(experiment, False, capsys)
        wrong += [f"{i}: {what}\n{text}" for what in contradictions(text, run)]
    assert not wrong, "\n\n".join([what.partition("\n")[0] for what in wrong] + wrong)


@pytest.mark.parametrize("share", [0.3, 0.71, 0.8])
def test_a_passage_ahead_is_where_the_run_has_it(share, capsys):
    """Also for step sizes at which the average is followed with smaller steps."""
    problem = lb.SparseRecovery(n=100, s=5, N=30, seed=1)
    alpha = share * problem.alpha_max
    long = lb.Experiment(problem, lb.L1(1e-5), lb.Subgradient(alpha), thresholds=(1e-2, 1e-2))
    t2 = lb.simulate(long, engine="jump").phases.t2
    short, run = stories(long.with_(steps=5000), False, capsys)
    assert not list(contradictions(short, run))
    step = int(re.findall(r"gets there about step ([\d,]+)", short)[0].replace(",", ""))
    assert step == pytest.approx((t2.low + t2.high) / 2, rel=0.01)


@pytest.mark.parametrize("steps", [2 * 10**5, 5 * 10**5])
def test_no_passage_is_announced_that_the_chatter_hides(steps):
    run = lb.simulate(lb.load("fig3").with_(alpha=0.27, steps=steps))
    assert "gets there" not in run.phases.reason
    assert "in the end it is about" in run.phases.reason


def test_a_matrix_that_chatters_about_its_threshold_is_not_on_its_way_to_it():
    problem = lb.MatrixCompletion(n1=7, n2=6, r=1, N=30, seed=1)
    method = lb.Subgradient(0.9 * problem.alpha_max)
    base = lb.Experiment(problem, lb.Nuclear(1e-3), method, steps=20_000)
    level = float(lb.simulate(base).trajectory["test_error"][-1])
    for steps in (20_000, 40_000):
        run = lb.simulate(base.with_(steps=steps, thresholds=(0.5, level / 2)))
        assert run.phases.t2.high is None
        assert "yet to get there" not in run.phases.reason


def test_contradictions_are_found(capsys):
    """The sentences of an earlier version, of the same runs."""
    problem = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
    run = lb.simulate(lb.Experiment(problem, method=lb.GradientDescent(0.1), steps=1000))
    old = (
        "verdict memorized_only\nt2 (generalized) never: the error stays above 0.8\n"
        "add a regularizer that fits the target, or train about 1/(alpha beta) steps longer"
    )
    assert len(list(contradictions(old, run))) >= 3
    old = "nothing is known to keep it above 0.000667: it may still generalize\n"
    old += "t2: the test error ends at 0.00152, above its threshold 0.001"
    assert list(contradictions(old, run))
    assert len(list(contradictions("t2 (generalized) not by step 80", run))) == 1


def test_a_network_that_diverges_is_printed(capsys):
    student = lb.TeacherStudent(d=5, hidden=4, C=1, N=8, N_test=20)
    model = lb.MLP(widths=(4,))
    experiment = lb.Experiment(student, None, lb.SGD(1e3), model=model, steps=50)
    text, run = stories(experiment, False, capsys)
    assert str(run.phases.verdict) == "diverged"
    # The norms of its last parameters are no numbers.
    assert re.search(r"l2 norm, step 0 and end [\d.]+, -\n", text)


def test_no_training_is_advised_where_the_test_error_ends_above_its_threshold(capsys):
    """A matrix of smaller nuclear norm fits, and the run has yet to memorize."""
    problem = lb.MatrixCompletion(n1=6, n2=6, r=1, N=24, seed=4)
    base = lb.Experiment(problem, lb.Nuclear(1e-3), lb.Subgradient(0.1), steps=10)
    text, run = stories(base.with_(thresholds=(1e-4, 0.02)), False, capsys)
    assert run.phases.t1.high is None
    assert "cannot generalize" in text
    assert not re.search(LONGER, text)
    assert not list(contradictions(text, run))
