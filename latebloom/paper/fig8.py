"""Figure 8 (and 23): choosing the entries to observe by their coherence."""

from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient, Subgradient
from latebloom.penalties import Nuclear
from latebloom.problems import MatrixCompletion
from latebloom.progress import Progress

from .catalogue import READ_OFF, Preset, register
from .reproduction import Comparison, Reproduction, completed

TAUS = tuple(k / 10 for k in range(11))
# Read off the picture, in steps; at smaller tau the runs had not generalized by 5e6.
PUBLISHED_T2 = {0.5: 4.23e6, 0.6: 2.69e6, 0.7: 2.59e6, 0.8: 3.37e6, 0.9: 3.03e6}
INSTANCES = 30
HORIZON = 10**9  # beyond every t2


# The first seed that generalizes within the horizon at tau = 0.5; seed 0 takes 8.6e6 steps.
SEED = 1


def fig8(tau: float = 0.5, seed: int = SEED, recoverable: bool = True) -> Experiment:
    """Return one run of the figure: 70 of 100 entries, a share tau of them chosen."""
    return Experiment(
        MatrixCompletion.code(N=70, tau=tau, seed=seed, recoverable=recoverable),
        Nuclear(1e-5, null="full"),
        Subgradient(0.1),
        init=1e-6,
        steps=5_000_000,
        thresholds=(1e-5, 1e-4),
        name=f"fig8 tau={tau:g}" + (f" seed={seed}" if seed != SEED else ""),
    )


def reproduce(progress: Progress) -> Reproduction:
    """Bracket t2 of 30 instances per tau by the flow in slow time; the others are certified to be
    out of reach."""
    import numpy as np

    from latebloom.plots import plot_family
    from latebloom.plots.shares import Share
    from latebloom.simulate import simulate

    points, rows, runs, done = [], [], [], 0
    reasons: dict[float, str] = {}
    for tau in TAUS:
        times, recovered = [], 0
        for seed in range(INSTANCES):
            experiment = fig8(tau, seed, recoverable=False)
            problem = experiment.problem
            assert isinstance(problem, MatrixCompletion)
            if problem.recovery.recoverable:
                recovered += 1
                flow = experiment.with_(method=ProximalGradient(0.1), steps=HORIZON)
                run = completed(simulate(flow, engine="slow"))
                t2 = run.phases.t2
                if recovered == 1:
                    runs.append((tau, run))
                if t2.low is not None and t2.high is not None:
                    times.append(0.5 * (t2.low + t2.high))
            elif tau not in reasons:
                reasons[tau] = problem.recovery.reason
            done += 1
            progress(done, len(TAUS) * INSTANCES)
        share = recovered / INSTANCES
        points.append(Share(tau, times, share))
        median = round(float(np.median(times))) if times else None
        why = f"median of {len(times)}; {share:.0%} of {INSTANCES} recoverable"
        rows.append(Comparison(f"t2, tau = {tau:g}", PUBLISHED_T2.get(tau), median, why))
    figure = plot_family(runs, r"share $\tau$ of entries chosen by coherence", points)
    notes = (
        "published: one draw per tau; ours: proximal gradient in slow time on instances with a "
        "certificate, seeds 0 to 29; curves: the first of them for each tau",
        *(
            [f"tau = 1, first instance that cannot be recovered: {reasons[1.0]}"]
            if 1.0 in reasons
            else []
        ),
    )
    return Reproduction("fig8", "Figures 8 and 23: data selection", tuple(rows), figure, notes)


register(
    Preset(
        "fig8",
        "half of the observed entries chosen by coherence (one run of the tau figure)",
        fig8,
        aliases=("fig23",),
        published={
            "t2 (tau 0.5 ... 0.9)": "4.23e6, 2.69e6, 2.59e6, 3.37e6, 3.03e6",
            "t2 (tau 0 ... 0.4)": "not by 5e6",
            "test plateau (tau 0 ... 0.9)": "0.36 down to 0.2",
        },
        source=READ_OFF,
        note=(
            "alpha = 0.1 and 5 10^6 steps are the picture's; the notebook says alpha = 1 and 10^7. "
            "The test threshold is 1e-4, above every floor at N = 70; the picture has none. Its "
            "tau = 1 curve falls at once and is not what the published selection gives. The "
            "published truth is unseeded and uncertified; here it is certified (recoverable). "
            "--problem.tau 0.9 changes the share."
        ),
        reproduce=reproduce,
    )
)
