"""Figure 5: grokking in matrix completion with a small nuclear norm."""

from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient, Subgradient
from latebloom.penalties import L1, Nuclear
from latebloom.problems import MatrixCompletion
from latebloom.progress import Progress

from .catalogue import READ_OFF, Preset, register
from .reproduction import Comparison, Reproduction, completed, median_between

# The published truth is unseeded: what can be compared is the distribution over certified draws.
INSTANCES = 50


# The first seed whose t2 (3.5e6) is near the published one; instances differ tenfold.
SEED = 3


def fig5(seed: int = SEED) -> Experiment:
    """Return the run of the published picture, on a truth drawn from the same law."""
    return Experiment(
        MatrixCompletion.code(seed=seed, recoverable=True),
        Nuclear(1e-5, null="full"),
        Subgradient(0.1),
        init=1e-6,
        steps=10_000_000,
        thresholds=(1e-5, 1e-5),
        name="fig5" if seed == SEED else f"fig5 seed={seed}",
    )


def fig5_text() -> Experiment:
    """Return the same experiment with the conventions of the paper's text."""
    return fig5().with_(
        problem=MatrixCompletion.text(recoverable=True),
        penalty=Nuclear(1e-4),
        thresholds=(1e-3, 1e-3),
        steps=1_000_000,
        name="fig5-text",
    )


def fig5_l1() -> Experiment:
    """Return Figure 5 with the l1 norm of the entries in place of the nuclear norm."""
    return fig5().with_(penalty=L1(1e-5), name="fig5-l1")


def slow_times(progress: Progress, done: int, total: int) -> tuple[list[float], float]:
    """Return t2 alpha beta of certified instances, and the fraction of draws that was rejected."""
    from latebloom.simulate import simulate

    times, rejected = [], 0
    for seed in range(INSTANCES):
        experiment = fig5(seed)
        problem = experiment.problem
        assert isinstance(problem, MatrixCompletion)
        rejected += problem.instance.rejected
        # By the proximal method: the same flow, and no chatter to bracket at these thresholds.
        run = completed(
            simulate(
                experiment.with_(method=ProximalGradient(0.1), steps=100_000_000), engine="slow"
            )
        )
        t2 = run.phases.t2
        if t2.low is not None and t2.high is not None:
            times.append(0.5 * (t2.low + t2.high) * 1e-6)
        progress(done + seed + 1, total)
    return times, rejected / (rejected + INSTANCES)


def reproduce(progress: Progress) -> Reproduction:
    """Run the figure step by step, and its distribution over certified instances by `slow`."""
    import numpy as np

    from latebloom.plots import plot_run
    from latebloom.simulate import simulate

    share = 10 * INSTANCES  # the long run is most of the work
    total = share + INSTANCES

    def part(done: int, of: int) -> None:
        progress(share * done // of, total)

    run = completed(simulate(fig5(), engine="step", progress=part))
    t1, t2 = run.phases.t1.step, run.phases.t2.step
    assert t1 is not None  # a fixed instance
    assert t2 is not None
    times, rejected = slow_times(progress, share, total)
    low, middle, high = np.quantile(times, [0, 0.5, 1])
    last, data = run.last_step, run.trajectory
    own = "another truth: the published one is unseeded"
    nuclear = data["nuclear_norm"].values
    memorized = float(nuclear[data["step"].values >= t1][0])

    def level(name: str, low: float, high: float) -> float:
        return median_between(run, name, low, high)

    late = 1.2 * t2
    rows = (
        Comparison("t1", 111, t1),
        Comparison("t2", 2.75e6, t2, own),
        Comparison("t2 alpha beta, median of the instances", 2.75, float(middle), own),
        Comparison("t2 alpha beta, least", None, float(low)),
        Comparison("t2 alpha beta, largest", None, float(high)),
        Comparison("train error between", 2.7e-6, level("train_error", 10 * t1, t2 / 3)),
        Comparison("train error in the end", 1.9e-6, level("train_error", late, last)),
        Comparison("test error after t1", 0.25, level("test_error", t1, 10 * t1), own),
        Comparison("test error in the end", 2e-6, level("test_error", late, last)),
        Comparison("nuclear norm after t1", 16.9, memorized, own),
        Comparison("nuclear norm in the end", 13.3, float(nuclear[-1]), own),
        Comparison("gradient ratio in the end", 2.05, level("gradient_ratio", late, last)),
    )
    notes = (
        f"{len(times)} of {INSTANCES} certified instances generalize within 1e8 steps (engine "
        f"slow, proximal gradient); {rejected:.0%} of the draws were rejected",
    )
    return Reproduction("fig5", "Figure 5: low-rank grokking", rows, plot_run(run), notes)


register(
    Preset(
        "fig5",
        "nuclear norm grokking: a matrix completed after 10^6 steps",
        fig5,
        published={
            "t1": 111,
            "t2": 2.75e6,
            "train plateau": 2.7e-6,
            "train floor": 1.9e-6,
            "test plateau": 0.25,
            "test floor": 2e-6,
            "nuclear norm after t1": 16.9,
            "final nuclear norm": 13.3,
        },
        source=READ_OFF,
        note=(
            "beta = 1e-5 and thresholds 1e-5 are the picture's; the notebook says 1e-4 for both. "
            "The published truth is not seeded, so times and norms differ by instance; "
            "recoverable = true keeps to truths that the nuclear norm is certified to recover. "
            "null = 'full' is the published subgradient; the published arithmetic is float32, ours "
            "float64. 10^7 steps take minutes; --engine slow brackets t2 in seconds."
        ),
        reproduce=reproduce,
    )
)

register(
    Preset(
        "fig5-text",
        "Figure 5 with the conventions of the paper's text",
        fig5_text,
        note=(
            "Random orthogonal model with singular values 1/sqrt(2), N = 70, beta = 1e-4. The "
            "text's threshold 1e-4 is below the floors; here it is 1e-3. The text starts from "
            "zeta N(0, 1), here from zeta times the identity; both are zero for every purpose."
        ),
    )
)

register(
    Preset(
        "fig5-l1",
        "Figure 5 with l1 on the entries: no grokking, the truth is not sparse",
        fig5_l1,
        note="A control of ours for a claim of the text. The l1 norm fills the gaps with zeros.",
    )
)
