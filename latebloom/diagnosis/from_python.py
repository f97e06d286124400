"""The diagnosis of what a Python session holds: arrays, tables, histories of trainers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from latebloom.core.checks import unmasked
from latebloom.core.errors import InvalidInput
from latebloom.core.foreign import numbers
from latebloom.core.phases import DEFAULT, Rules

from .definition import define
from .diagnosis import diagnose_log, diagnose_series
from .logs import Log, Series, groups
from .logs import where as rows_where
from .logs.in_memory import log_of
from .result import Diagnosis
from .several import Diagnoses, diagnoses_of

# The column that tells the rows of matrices apart.
RUN = "run"
QUOTE = "'"
# Options of the command in messages, with the value where one follows.
THRESHOLD = re.compile(r"--(?:train|test)-threshold")
OPTION = re.compile(
    r"--(train|test|step|where|by|norm|kind)\b"
    r"(?: (?!(?:with|and|one|for|of)\b)('[^']*'|[^\s;:)]*[^\s;:,.)]))?"
)


def diagnose(
    data: Any = None,
    train: Any = None,
    test: Any = None,
    norm: Any = None,
    *,
    steps: Any = None,
    step: Any = None,
    kind: str | Sequence[str] | None = None,
    thresholds: tuple[float | None, float | None] = (None, None),
    q: float | None = None,
    kappa: float | None = None,
    rules: Rules = DEFAULT,
    where: str | None = None,
    by: str | None = None,
) -> Diagnosis | Diagnoses:
    """Say what the curves of another trainer show: t1, t2, a verdict with reasons, a forecast.

    Either `diagnose(table, train="train_acc", test="val_acc")` with the names of columns, which may
    be left out where the names are plain, or `diagnose(steps, train, test)` with arrays.

    **Arguments:**

    - `data`: a DataFrame, a dictionary of lists, an xarray Dataset, Keras' `History`, a `Trainer`
      of Hugging Face or its `log_history`, the path of a log; or (T,) the number of updates at each
      record, or epochs, also in fractions, in any order. Two arrays (train, test) if each curve has
      its own; None: the numbers of the records.
    - `train`, `test`: columns; or (T,) accuracies, errors or losses, arrays or tensors (with a
      graph, on any device); NaN or masked where nothing was logged. Matrices of runs x steps give
      one answer for each run.
    - `norm`: a norm of the weights, a column or (T,), or None.
    - `steps`, `step`: the steps by their name: an array, or of a table a column (two as "a,b" or
      ("a", "b"); "row" for the number of the record).
    - `kind`: `accuracy` (in [0, 1], or in percent, which is recognized and noted), `percent`,
      `error` or `loss`; two words if train and test differ. None: what the names of the columns
      say, else what the values show; where they do not, it is asked for.
    - `thresholds`: (train, test): memorized and generalized, in the unit of the curves. None is
      0.99 and 0.95 for accuracies. Errors and losses have no default: a fraction of the first
      value, say, would call any large start that decays a success.
    - `q`: the accuracy of both thresholds, which training must hold from t1 to t2; None leaves that
      to the thresholds, which training only has to reach.
    - `kappa`: the least (t2 - t1)/t1 of `grokked`; None is 9, the decade of `rules.delay_ratio`.
    - `rules`: the numbers behind the verdict.
    - `where`: of a table only the rows of one run, as in "seed=0".
    - `by`: one answer for each value of a column of a table, as in "seed".

    **Returns:** a `Diagnosis`; what was repaired is in its `notes`. With several runs a
    `Diagnoses`, one for each.

    **Raises:** `InvalidInput` for curves that cannot be judged, or only by a guess.

    >>> steps = np.arange(0, 10001, 100)
    >>> train = np.where(steps < 300, 0.2, 1.0)
    >>> test = np.where(steps < 8000, 0.1, 0.98)
    >>> found = lb.diagnose(steps, train, test, kind="accuracy")
    >>> str(found.verdict), str(found.t1), str(found.t2)
    ('grokked', 'in [201, 300]', 'in [7901, 8000]')
    >>> lb.diagnose({"step": steps, "train_acc": train, "val_acc": test}).t1 == found.t1
    True
    """
    options = {"kind": kind, "thresholds": thresholds, "q": q, "kappa": kappa, "rules": rules}
    given = steps if steps is not None else step
    try:
        log = None if data is None else log_of(data)
        if log is None:
            if where is not None or by is not None:
                raise InvalidInput("where and by choose rows of a table; data is none")
            if data is not None and given is not None:
                raise InvalidInput(
                    f"data is {_shape(data)}, no table, and steps are given as well; give tables "
                    "as a DataFrame or a dictionary, arrays as diagnose(steps, train, test)"
                )
            return _of_arrays(data if given is None else given, (train, test, norm), options)
        names = _names({"train": train, "test": test, "norm": norm})
        column = given if given is None or isinstance(given, str) else ",".join(map(str, given))
        if where is not None:
            log = rows_where(log, where, column)
        if by is None and where is None and _stacked(log, data):
            by = RUN
        options |= {**names, "step": column}
        if by is None:
            return _of_log(log, options)
        parts = groups(log, by, column).items()
        return _of_runs({name: partial(_of_log, part, options) for name, part in parts})
    except InvalidInput as error:
        raise InvalidInput(in_python(str(error))) from None


def in_python(text: str) -> str:
    """Return a message that names options of the command as arguments of the function.

    >>> in_python("add --kind loss,accuracy, or --train-threshold"), in_python("give --step")
    ('add kind="loss,accuracy", or thresholds', 'give step')
    """
    return OPTION.sub(_argument, THRESHOLD.sub("thresholds", text))


def _argument(option: re.Match[str]) -> str:
    value = option[2]
    return option[1] if value is None else f'{option[1]}="{value.strip(QUOTE)}"'


def _of_log(log: Log, options: dict[str, Any]) -> Diagnosis:
    return _in_python(diagnose_log(log, **options))


def _in_python(found: Diagnosis) -> Diagnosis:
    return replace(found, notes=tuple(map(in_python, found.notes)))


def _shape(data: Any) -> str:
    shape = getattr(data, "shape", None)
    return f"a {type(data).__name__}" + (f" of shape {tuple(shape)}" if shape else "")


def _names(given: dict[str, Any]) -> dict[str, str | None]:
    for name, value in given.items():
        if value is not None and not isinstance(value, str):
            raise InvalidInput(
                f"{name} is {_shape(value)}; of a table name the columns, as in "
                f'{name}="{name}_acc", or give arrays only: diagnose(steps, train, test)'
            )
    return given


def _stacked(log: Log, data: Any) -> bool:
    """Whether the runs of a table of matrices were put below each other here."""
    return isinstance(data, Mapping) and RUN in log.columns and RUN not in data


def _of_arrays(steps: Any, curves: tuple[Any, Any, Any], options: dict[str, Any]) -> Any:
    given = dict(zip(("train", "test", "norm"), curves, strict=True))
    if given["train"] is None and given["test"] is None and steps is not None:
        raise InvalidInput(
            f"data is of type {type(steps).__name__}, no table and no path; give a DataFrame, a "
            "dictionary of lists, the path of a log, or arrays as diagnose(steps, train, test)"
        )
    for name in ("train", "test"):
        if given[name] is None or isinstance(given[name], str):
            raise InvalidInput(
                f"{name} is {given[name]!r}; give the values of both curves, as in "
                "diagnose(steps, train, test), or a table with names of its columns"
            )
    values = {name: numbers(name, x) for name, x in given.items() if x is not None}
    shapes = {name: v.shape for name, v in values.items()}
    notes: list[str] = []
    own = _own_steps(steps, values, notes)
    if any(v.ndim == 2 for v in values.values()):
        if len(set(shapes.values())) > 1:
            raise InvalidInput(f"matrices of different shapes: {shapes}; give one shape for all")
        return _of_matrices(own["train"], values, options)
    columns: dict[str, Series] = {}
    for name, v in values.items():
        k = own[name]
        if v.shape != k.shape or k.ndim != 1:
            raise InvalidInput(
                f"{name} has shape {v.shape} for steps of shape {k.shape}; give one value per step"
            )
        kept = ~np.ma.getmaskarray(v)  # a masked entry was not logged
        columns[name] = (k[kept], np.ma.getdata(v)[kept])
    kind, names = options["kind"], ("train", "test", "norm")
    by = define(**{name: value for name, value in options.items() if name != "kind"})
    return _in_python(diagnose_series(columns, names, kind, by, notes, steps is None))


def _own_steps(
    steps: Any, values: dict[str, np.ndarray], notes: list[str]
) -> dict[str, np.ndarray]:
    """The steps of each curve."""
    if steps is None:
        notes.append("no steps were given: they are the numbers of the records, from 0")
        long = {name: max(v.shape, default=0) for name, v in values.items()}
        if len(set(long.values())) > 1:
            raise InvalidInput(
                f"the curves have {long} values; give the steps of both, as in steps=(a, b)"
            )
        return {name: np.arange(n, dtype=float) for name, n in long.items()}
    pair = isinstance(steps, list | tuple) and len(steps) == 2
    if not pair or all(isinstance(k, int | float | np.number) for k in steps):
        k = unmasked("steps", numbers("steps", steps))
        return {"train": k, "test": k, "norm": k}
    first, second = (unmasked("steps", numbers("steps", k)) for k in steps)
    own = {"train": first, "test": second}
    if "norm" in values:
        own["norm"] = first if values["norm"].shape == first.shape else second
    return own


def _of_matrices(
    k: np.ndarray, values: dict[str, np.ndarray], options: dict[str, Any]
) -> Diagnoses:
    """One answer for each run; the axis of the steps is as long as the steps."""
    shape = values["train"].shape
    if len(shape) != 2 or len(k) not in shape:
        raise InvalidInput(
            f"train has shape {shape} for {len(k)} steps; give runs x steps, one value per step"
        )
    if shape[1] != len(k):
        values = {name: v.T for name, v in values.items()}

    def one(i: int) -> Diagnosis:
        rows = {name: v[i] for name, v in values.items()}
        return _of_arrays(k, (rows["train"], rows["test"], rows.get("norm")), options)

    runs = {f"{RUN}={i}": partial(one, i) for i in range(len(values["train"]))}
    return _of_runs(runs)


def _of_runs(runs: dict[str, partial[Diagnosis]]) -> Diagnoses:
    found = diagnoses_of(runs)
    return replace(found, failed={name: in_python(why) for name, why in found.failed.items()})
