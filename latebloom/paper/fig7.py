"""Figure 7 (and 16): a large initialization with l2 only, grokking without understanding."""

from latebloom.experiment import Experiment
from latebloom.methods import GradientDescent
from latebloom.penalties import L2
from latebloom.problems import SparseRecovery
from latebloom.progress import Progress

from .catalogue import READ_OFF, Preset, register
from .reproduction import Comparison, Reproduction, completed, median_between


def fig7() -> Experiment:
    """Return the run of the published picture."""
    return Experiment(
        SparseRecovery.code(n=100, s=5, N=30),
        L2(1e-5),
        GradientDescent(0.1),
        init=10.0,
        steps=100_000_000,
        thresholds=(1e-3, 1e-3),
    )


def reproduce(progress: Progress) -> Reproduction:
    """Evaluate the figure in closed form and compare what can be read off it."""
    from latebloom.plots import plot_mirage
    from latebloom.simulate import simulate

    run = completed(simulate(fig7().with_(name="fig7"), progress=progress))
    data = run.trajectory
    rows = (
        Comparison("t1", 118, run.phases.t1.step),
        Comparison("t2", None, run.phases.t2.step, "never: the limit of the error is above it"),
        Comparison("test error at step 0", 636, float(data["test_error"][0])),
        Comparison("test error on the plateau", 549, median_between(run, "test_error", 200, 1e4)),
        Comparison("test error in the end", 0.85, float(data["test_error"][-1])),
        Comparison("train error in the end", 4e-6, float(data["train_error"][-1])),
        Comparison("l2 norm at step 0", 100, float(data["l2_norm"][0])),
        Comparison("l2 norm on the plateau", 86, median_between(run, "l2_norm", 200, 1e4)),
        Comparison("l2 norm in the end", 0.084, float(data["l2_norm"][-1])),
    )
    title = f"Figure 7: l2 only, large initialization ({run.phases.verdict})"
    return Reproduction("fig7", title, rows, plot_mirage(run))


register(
    Preset(
        "fig7",
        "the l2 mirage: a late drop that stops far from the truth",
        fig7,
        aliases=("fig16",),
        published={
            "t1": 118,
            "t2": "none",
            "initial test error": 636.0,
            "test plateau": 549.0,
            "test floor": 0.85,
            "train floor": 4e-6,
            "initial l2 norm": 100.0,
            "final l2 norm": 0.084,
        },
        source=READ_OFF,
        note=(
            "The text gives ||a(0)||_2 = 10; the code's 10 * ones has norm 100. Figure 16's left "
            "panel compares ||a||_1 with ||b*||_2; here both are the l2 norm."
        ),
        reproduce=reproduce,
    )
)
