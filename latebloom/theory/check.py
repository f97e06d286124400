"""Laws against a run: what was predicted, what was measured, whether it holds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from latebloom._errors import InvalidInput, nearest
from latebloom._lazy import Lazy
from latebloom.methods import ProjectedSubgradient, ProximalGradient
from latebloom.phases import Passage, Verdict
from latebloom.problems import MatrixLeastSquares
from latebloom.run import Run, jsonable

from .limits import constants, fitted, nuclear_strength
from .predict import Prediction, predict

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = Lazy("xarray")

# What a predictor (not a bound) may be off by and still count as confirmed.
DELAY_FACTOR = (
    2.0  # the paper's predictor is of the right order, 1.44 too small in its own Figure 4
)
FLOW_SHARE = 0.02  # the flow gives t2 to 0.3 %; chatter near the threshold moves it by as much
LEVEL_SHARE = 0.1  # plateau and floors are formulas; records sample a chatter of some 10 %
# Bounds are compared up to rounding of the recorded parameters.
ROUNDING = 1e-9
# A relative error below this is rounding: predicted and measured are both 0.
ZERO = 1e-12
LEVELS = "quasi-static balance, bias and chatter"

Value = float | bool | None


@dataclass(frozen=True)
class Row:
    """One law: predicted, measured, their ratio, and whether it holds (None: undecided)."""

    law: str
    predicted: Value
    measured: Value
    ratio: float | None
    holds: bool | None
    source: str


@dataclass(frozen=True)
class Report:
    """The rows of a check, and the prediction they come from."""

    rows: tuple[Row, ...]
    prediction: Prediction

    def __getitem__(self, law: str) -> Row:
        """Return the row of a law by its name."""
        laws = {row.law: row for row in self.rows}
        if law not in laws:
            raise InvalidInput(f"law {law!r}: not evaluated on this run{nearest(law, laws)}")
        return laws[law]

    @property
    def failures(self) -> tuple[Row, ...]:
        """The rows that do not hold."""
        return tuple(row for row in self.rows if row.holds is False)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready."""
        rows = [dict(vars(row)) for row in self.rows]
        return jsonable({"rows": rows, "prediction": self.prediction.to_dict()})


def check(run: Run, prediction: Prediction | None = None) -> Report:
    """Compare the laws with what a run measured.

    Bounds hold or not; predictors hold within a factor 2 (the delay) or 10 % (plateau and floors,
    on the mean square of the records). A law that cannot be evaluated on this run has no row; one
    that the run is too short to decide has `holds` None.

    **Arguments:**

    - `run`: what `simulate` returned.
    - `prediction`: what `predict` said; computed here if left out.

    **Returns:** a `Report`.

    Source: arXiv 2506.05718, theorems 3.1 (C.29) and 3.4 (C.40), rho_2 and the closeness to least
    squares restricted to the row space of X; Figures 3 and 4.
    """
    experiment = run.experiment
    matrix = isinstance(experiment.data, MatrixLeastSquares)
    # On vectors the exact t2 of the proximal method is no law but the engine itself.
    said = predict(experiment, exact=matrix) if prediction is None else prediction
    rows = [_stability(run, said)]
    rows += _nuclear(run, said) if matrix else _memorization(run, said)
    rows += _delay(run, said)
    rows += _levels(run, said)
    rows.append(_generalization(run, said))
    return Report(tuple(row for row in rows if row is not None), said)


def _ratio(measured: float | None, predicted: float | None) -> float | None:
    return measured / predicted if measured is not None and predicted else None


def _stability(run: Run, said: Prediction) -> Row | None:
    alpha = run.experiment.method.alpha
    if said.alpha_max is None or not isinstance(alpha, int | float):
        return None
    diverged = run.phases.verdict is Verdict.diverged
    # Above the limit divergence may take longer than the horizon: only a converging run
    # contradicts.
    holds = not diverged if said.stable else (True if diverged else None)
    return Row("alpha < alpha_max", said.alpha_max, alpha, alpha / said.alpha_max, holds, "C.29")


def _memorization(run: Run, said: Prediction) -> list[Row]:
    """The bounds in the row space of X from t1 on, and t1 itself."""
    experiment, known = run.experiment, constants(run.experiment)
    if isinstance(known, str) or said.t1 is None or said.rho_2 is None:
        return []
    alpha, beta = known
    if beta.l1 == 0:
        return [_t1(run, said, bound=0.0)]
    data = experiment.vector_data
    U, _, Vt = data.svd
    size = alpha * beta.l1 * np.sqrt(data.X.shape[1]) / (1 - said.rho_2)
    y_norm = float(np.linalg.norm(data.y_star))
    outside = float(np.linalg.norm(data.y_star - U @ (U.T @ data.y_star)))
    rest = data.X @ (Vt.T @ fitted(experiment, beta)) - data.y_star
    bound = float(np.linalg.norm(rest)) + 2 * size * np.sqrt(data.sigma_max)
    rows = [_t1(run, said, bound / y_norm)]
    late = run.trajectory.sel(step=slice(said.t1, None))
    if late.sizes["step"] == 0:
        return rows
    distance = np.linalg.norm(late["a"].values @ Vt.T - fitted(experiment, beta), axis=1).max()
    rows.append(_bound("row space distance to least squares", 2 * size, distance, "C.29 (i)"))
    if beta.l2 == 0:
        loss = 0.5 * (late["train_error"].values.max() * y_norm) ** 2
        most = 0.5 * outside**2 + 2 * size**2 * data.sigma_max
        rows.append(_bound("training loss g", most, loss, "C.29 (ii)"))
    return rows


def _nuclear(run: Run, said: Prediction) -> list[Row]:
    """The same on matrices, with the Frobenius norm of a subgradient; and t2 of the flow."""
    experiment, known = run.experiment, nuclear_strength(run.experiment)
    data = experiment.data
    if isinstance(known, str) or said.t1 is None or said.rho_2 is None:
        return []
    assert isinstance(data, MatrixLeastSquares)
    alpha, beta = known
    X, near = data.operator, data.nearest_fit(experiment.start)
    size = alpha * beta * np.sqrt(min(data.shape)) / (1 - said.rho_2)
    fitted_data = X.forward(near)
    left = float(np.linalg.norm(fitted_data - data.y_star))
    bound = left + 2 * size * np.sqrt(data.sigma_max)
    rows = [_t1(run, said, bound / float(np.linalg.norm(data.y_star)))]
    late = run.trajectory.sel(step=slice(said.t1, None))
    if late.sizes["step"]:
        off = [X.correction(X.forward(A) - fitted_data, data.inverse) for A in late["a"].values]
        distance = max(float(np.linalg.norm(A)) for A in off)
        rows.append(_bound("row space distance to least squares", 2 * size, distance, "C.40"))
    measured, predicted = _when(run.phases.t2), said.t2_proximal
    # The projected method follows the flow's limit beta -> 0, a few percent away.
    follows = not isinstance(experiment.method, ProjectedSubgradient)
    if follows and measured is not None and predicted is not None:
        ratio = _ratio(measured, float(predicted))
        holds = None if ratio is None else abs(ratio - 1) <= FLOW_SHARE
        rows.append(Row("t2 of the flow", predicted, measured, ratio, holds, "slow time"))
    return rows


def _bound(law: str, most: float, measured: float, source: str) -> Row:
    most, measured = float(most), float(measured)
    return Row(
        law, most, measured, _ratio(measured, most), measured <= most * (1 + ROUNDING), source
    )


def _t1(run: Run, said: Prediction, bound: float) -> Row:
    """t1 is an upper bound of the measured one if what it promises is below the threshold."""
    measured, holds = _when(run.phases.t1), None
    if bound <= run.experiment.thresholds[0] and said.t1 is not None:
        if run.phases.t1.high is not None:
            holds = (run.phases.t1.low or 0) <= said.t1
        elif run.last_step >= said.t1:
            holds = False
    return Row("t1 at most", said.t1, measured, _ratio(measured, said.t1), holds, "equation 78")


def _when(passage: Passage) -> float | None:
    if passage.low is None or passage.high is None:
        return None
    return 0.5 * (passage.low + passage.high)


def _delay(run: Run, said: Prediction) -> list[Row]:
    measured = _when(run.phases.t2)
    if said.delay is None or said.t2 is None or measured is None:
        return []
    ratio = _ratio(measured, float(said.t2))
    holds = None if ratio is None else 1 / DELAY_FACTOR <= ratio <= DELAY_FACTOR
    matrix = isinstance(run.experiment.data, MatrixLeastSquares)
    source = "C.40, Figure 6" if matrix else "C.29, Figure 4"
    return [Row("t2", said.t2, measured, ratio, holds, source)]


def _levels(run: Run, said: Prediction) -> list[Row]:
    """Plateau and floors: root mean squares of the records in the stretch where each applies."""
    rows = []
    flows = run.engine in ("jump", "slow")
    averaged = flows and not isinstance(run.experiment.method, ProximalGradient)
    if averaged:
        return rows  # the floors are those of the chattering run, the records those of its average
    if said.train_plateau is not None and said.t1 is not None and said.delay is not None:
        # Twice t1: the transient is gone; 5 % of the delay: few components have changed sign.
        stretch = run.trajectory.sel(step=slice(2 * said.t1, said.t1 + 0.05 * said.delay))
        rows.append(_level("train plateau", said.train_plateau, stretch, "train_error"))
    end = _settled(run, said)
    rows.append(_level("train floor", said.train_floor, end, "train_error"))
    rows.append(_level("test floor", said.test_floor, end, "test_error"))
    return [row for row in rows if row is not None]


def _settled(run: Run, said: Prediction) -> "xr.Dataset":
    """The records after the last change: the second half of the run, and well after t2."""
    start = run.last_step / 2
    if run.phases.t2.high is not None:
        start = max(start, 1.2 * run.phases.t2.high)
    elif said.t2 is not None:
        start = max(start, 2.0 * said.t2)
    return run.trajectory.sel(step=slice(start, None))


def _level(law: str, predicted: float | None, stretch: "xr.Dataset", name: str) -> Row | None:
    curve = stretch[name].values
    if predicted is None or curve.size == 0 or not np.isfinite(curve).all():
        return None
    measured = float(np.sqrt(np.mean(curve**2)))
    if max(measured, predicted) <= ZERO:
        return Row(law, predicted, measured, None, True, LEVELS)
    ratio = _ratio(measured, predicted)
    holds = None
    if ratio is not None:
        holds = abs(ratio - 1) <= LEVEL_SHARE
        if not holds and not _flat(curve):
            holds = None  # still on its way: nothing can be said of where it ends
    return Row(law, predicted, measured, ratio, holds, LEVELS)


def _flat(curve: np.ndarray) -> bool:
    """Whether the two halves of a curve have the same mean square, within tolerance."""
    if curve.size < 4:
        return False
    halves = [float(np.sqrt(np.mean(half**2))) for half in np.array_split(curve, 2)]
    return abs(halves[0] - halves[1]) <= LEVEL_SHARE * max(halves)


def _generalization(run: Run, said: Prediction) -> Row | None:
    """Whether the run generalizes: reached t2, or provably cannot."""
    if said.generalizes is None:
        return None
    t2 = run.phases.t2
    measured = None
    if t2.high is not None:
        measured = True
    elif t2.kind == "infeasible":
        measured = False
    holds = None if measured is None else measured == said.generalizes
    return Row(
        "generalizes", said.generalizes, measured, None, holds, "recoverability and test floor"
    )
