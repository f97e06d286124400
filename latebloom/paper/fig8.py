"""Figure 8 (23b): choosing the entries to observe by their coherence, on a linear axis."""

import numpy as np

from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient, Subgradient
from latebloom.penalties import Nuclear
from latebloom.problems import MatrixCompletion
from latebloom.sweeps import Sweep

from .catalogue import READ_OFF, Preset, register
from .claim import CORRECTED, Claim, Criterion
from .lab import Lab
from .passages import middles, value_at
from .reproduction import Reproduction, one_draw
from .statistic import Statistic, median, share

TAUS = tuple(k / 10 for k in range(11))
# Read off the picture, in steps; at smaller tau the runs had not generalized by 5e6.
PUBLISHED_T2 = {0.5: 4.23e6, 0.6: 2.69e6, 0.7: 2.59e6, 0.8: 3.37e6, 0.9: 3.03e6}
PUBLISHED_LATE = {0.0: 0.010, 0.1: 0.016, 0.2: 0.068, 0.3: 0.015, 0.4: 0.053}
PUBLISHED_PLATEAU = {0.0: 0.36, 0.9: 0.2}
PUBLISHED_STEPS = 5_000_000
HORIZON = 10**9  # beyond every t2
# The first seed that generalizes within the horizon at tau = 0.5; seed 0 takes 8.6e6 steps.
SEED = 1
ONE_DRAW = "published: one unseeded draw for each tau, and draws differ"


def fig8(tau: float = 0.5, seed: int = SEED, recoverable: bool = True) -> Experiment:
    """Return one run of the figure: 70 of 100 entries, a share tau of them chosen."""
    return Experiment(
        MatrixCompletion.code(N=70, tau=tau, seed=seed, recoverable=recoverable),
        Nuclear(1e-5, null="full"),
        Subgradient(0.1),
        init=1e-6,
        steps=PUBLISHED_STEPS,
        thresholds=(1e-5, 1e-4),
        name=f"fig8 tau={tau:g}" + (f" seed={seed}" if seed != SEED else ""),
    )


def fig8_notebook() -> Experiment:
    """Return the same run with the step size and the horizon of the notebook."""
    return fig8().with_(method=Subgradient(1.0), steps=10_000_000, name="fig8-notebook")


def seeds(lab: Lab) -> tuple[int, ...]:
    """Return the seeds of the certified instances."""
    return tuple(range(lab.of(20, 40)))


def curves() -> Sweep:
    """Return the runs of the picture: one instance for each tau, followed until it generalizes."""
    return _flows(TAUS, (SEED,), "curves of Figure 8")


def certified(lab: Lab) -> Sweep:
    """Return certified instances at each tau; quick: at three of them."""
    return _flows(lab.of((0.0, 0.5, 1.0), TAUS), seeds(lab), "instances of Figure 8")


def _flows(taus: tuple[float, ...], draws: tuple[int, ...], name: str) -> Sweep:
    # Proximal gradient follows the same flow, and its t2 is sharp.
    base = fig8().with_(method=ProximalGradient(0.1), steps=HORIZON, name="fig8 flow")
    axes = {"tau": taus, "problem.seed": draws}
    names = ("train_error", "test_error")
    return Sweep(base, axes, engine="slow", trajectories=names, name=name)


CLAIMS = (
    Claim(
        "fig8.sooner",
        "section 3.4, Figure 8",
        Criterion(
            "the more entries are chosen by their coherence, the sooner a run generalizes",
            "share of seeds whose certified instance has an earlier t2 at tau = 1 than at tau = 0",
            low=0.8,
        ),
    ),
    Claim(
        "fig8.exponential",
        "section 3.4, Figure 8",
        Criterion(
            "t2 decreases exponentially in tau: by one factor from 0 to 1/2 and from 1/2 to 1",
            "median over seeds of the first of these factors over the second, of the parabola "
            "through log t2 of the certified instances",
            low=0.71,
            high=1.41,
        ),
    ),
    Claim(
        "fig8.once",
        "Figure 8, the curve of tau = 1",
        Criterion(
            "at tau = 1 the test error falls together with the training error",
            "share of certified instances with t2 <= 10 t1 at tau = 1",
            low=0.8,
        ),
        corrected=Criterion(
            "at tau = 1 the delay is shorter, and a delay all the same",
            "share of certified instances with t2 > 10 t1 at tau = 1",
            low=0.8,
        ),
    ),
)


def evidence(lab: Lab) -> dict[str, Statistic]:
    """Return what decides the claims."""
    cells = lab.results(certified(lab)).load().transpose("problem.seed", "tau", ...)
    t2 = middles(cells)
    none, all_ = (t2.sel(tau=tau).values for tau in (0.0, 1.0))
    # f(0) - 2 f(1/2) + f(1) of the parabola f.
    seen = np.isfinite(t2.values).all(axis=1)
    bent = 0.5 * np.polyfit(t2["tau"].values, np.log(t2.values[seen].T), 2)[0]
    late = all_ > 10 * middles(cells, "t1").sel(tau=1.0).values
    return {
        "fig8.sooner": share(all_ < none),
        "fig8.exponential": median(np.exp(bent)),
        "fig8.once": share(~late),
        "fig8.once" + CORRECTED: share(late),
    }


def reproduce(lab: Lab) -> Reproduction:
    """Draw one certified instance for each tau, and compare the medians of many."""
    from latebloom.plots.selection import plot_selection_curves

    cells = lab.results(certified(lab)).load().transpose("tau", "problem.seed", ...)
    rows = []
    for tau in cells["tau"].values:
        cell = cells.sel(tau=tau)
        steps, error = cell["trajectory_step"], cell["trajectory_test_error"]
        if tau in PUBLISHED_T2:
            rows.append(
                one_draw(f"t2, tau = {tau:g}", PUBLISHED_T2[tau], middles(cell).values, ONE_DRAW)
            )
        if tau in PUBLISHED_LATE:
            last = value_at(error, steps, PUBLISHED_STEPS)
            rows.append(
                one_draw(
                    f"test error at 5 10^6, tau = {tau:g}", PUBLISHED_LATE[tau], last, ONE_DRAW
                )
            )
        if tau in PUBLISHED_PLATEAU:
            between = (steps >= 300) & (steps <= 3000)
            levels = error.where(between).median("record").values
            what = f"test error after t1, tau = {tau:g}"
            rows.append(one_draw(what, PUBLISHED_PLATEAU[tau], levels, ONE_DRAW))
    rows.append(one_draw("t1, tau = 0", 110, middles(cells.sel(tau=0.0), "t1").values, ONE_DRAW))
    shown = lab.results(curves()).load().isel({"problem.seed": 0})
    notes = (
        f"picture: seed {SEED}, a certified instance for each tau (the truths differ); proximal "
        "gradient in slow time",
        "tau = 1: nothing special happens; the published curve is not what the selection gives",
    )
    return Reproduction(
        "fig8",
        "Figure 8: choosing the entries to observe",
        tuple(rows),
        plot_selection_curves(shown, PUBLISHED_STEPS),
        notes,
        evidence(lab),
        (fig8(),),
        f"picture: seed {SEED}; claims: seeds 0 to {seeds(lab)[-1]}, certified",
    )


register(
    Preset(
        "fig8",
        "entries chosen by coherence: the curves over tau, linear axis",
        fig8,
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
        group="convex",
        claims=CLAIMS,
        official=3.5 * 3600,
    )
)

register(
    Preset(
        "fig8-notebook",
        "Figure 8 with the step size and the horizon of the notebook",
        fig8_notebook,
        note=(
            "alpha = 1: the data are fitted in one step, and t2 is ten times smaller than in the "
            "picture, whose t1 of about 110 is that of alpha = 0.1."
        ),
    )
)
