"""The picture of the blog post's opening: accuracy, loss and l2 norm on a linear axis."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from latebloom.plots import shown
from latebloom.plots import style as st
from latebloom.runs import Run

CURVES = (
    ("train_error", "training", st.TRAIN, "-"),
    ("test_error", "test", st.TEST, "--"),
)


def plot_published(runs: Sequence[Run]) -> Figure:
    """Return accuracies, losses and the l2 norm of several runs against the step, linear axes.

    **Arguments:**

    - `runs`: of one experiment with several seeds; the first is drawn strong, the others thin.
    """
    with st.new_figure(7.0, 7.2) as figure:
        top, middle, bottom = figure.subplots(3, 1, sharex=True)
        for k, run in enumerate(runs):
            steps, weight = run.trajectory["step"].to_numpy(), {"lw": 1.6 if k == 0 else 0.6}
            weight["alpha"] = 1.0 if k == 0 else 0.6
            for name, label, colour, dash in CURVES:
                label = label if k == 0 else None
                values = shown(run.trajectory[name].to_numpy())
                top.plot(steps, 1 - values, color=colour, ls=dash, label=label, **weight)
                loss = shown(run.trajectory[name.replace("error", "loss")].to_numpy())
                middle.plot(steps, loss, color=colour, ls=dash, label=label, **weight)
            bottom.plot(steps, shown(run.trajectory["l2_norm"].to_numpy()), color=st.NORM, **weight)
        top.set_ylabel("accuracy")
        middle.set_ylabel("loss")
        bottom.set_ylabel("l2 norm of the weights")
        bottom.set_xlabel("step")
        for axes in (middle, bottom):
            axes.set_ylim(bottom=0)
        top.legend()
        others = f", the first of {len(runs)} seeds strong" if len(runs) > 1 else ""
        figure.suptitle(f"{runs[0].experiment.name}{others}", fontsize=10)
    return figure
