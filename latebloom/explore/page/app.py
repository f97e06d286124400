# /// script
# [tool.marimo.display]
# theme = "system"
# ///

# The form of cells is marimo's: functions whose arguments are names that other cells give.
"""The page of the explorer: widgets, and what `latebloom.explore` makes of their values."""

import marimo

app = marimo.App(
    width="full",
    app_title="latebloom explorer",
    css_file="app.css",
    html_head_file="head.html",
)


@app.cell
async def _():
    import sys
    from dataclasses import replace
    from importlib import import_module

    import marimo as mo

    in_browser = sys.platform == "emscripten"
    if in_browser:
        # `make explore-static` puts the wheel beside the page, and its name into a file.
        # `import_module` is used because marimo would try to install modules named in an import.
        _place = f"{mo.notebook_location()}/public"
        _answer = await import_module("pyodide.http").pyfetch(f"{_place}/wheel.txt")
        _wheel = (await _answer.string()).strip()
        await import_module("micropip").install(f"{_place}/{_wheel}")

    from latebloom.explore import grid, paper, view
    from latebloom.explore.point import PANELS, Point
    from latebloom.explore.work import Jobs, compute

    return Jobs, PANELS, Point, compute, grid, in_browser, mo, paper, replace, view


@app.cell
def _(Jobs, Point, in_browser, mo):
    address = mo.query_params()
    first, problem = Point.of_address({k: str(v) for k, v in address.to_dict().items()})
    # The point that the widgets start from: another world, a cell that was chosen, a reset.
    get_start, set_start = mo.state(first)
    # How often a run has moved, has come to its end, and a grid has moved: a cell that reads one of
    # these is computed again.
    get_moves, set_moves = mo.state(0)
    get_ends, set_ends = mo.state(0)
    get_grid_moves, set_grid_moves = mo.state(0)

    def _start(work):
        """Do the work in a thread; where there are none, at once."""
        work() if in_browser else mo.Thread(target=work, daemon=True).start()

    def _closed(here=in_browser, thread=mo.current_thread):  # a page that is gone has no names
        return not here and thread().should_exit

    # The jobs of this page, which end with it, and the pictures that were drawn last.
    jobs = Jobs(_start, _closed)
    drawn = {"run": ""}
    return (
        address,
        drawn,
        first,
        get_ends,
        get_grid_moves,
        get_moves,
        get_start,
        jobs,
        problem,
        set_ends,
        set_grid_moves,
        set_moves,
        set_start,
    )


@app.cell
def _(PANELS, first, mo, problem, view):
    panel = mo.ui.radio(
        {title: name for name, title in PANELS.items()}, value=PANELS[first.panel], inline=True
    )
    _head = "<h1>latebloom</h1><span>explore late generalization</span>"
    _said = view.refused(problem) if problem else ""
    mo.vstack([mo.Html(f'<div class="lb-top">{_head}{_said}</div>'), panel])
    return (panel,)


@app.cell
def _(Point, get_start, jobs, mo, set_start, view):
    chosen_world = mo.ui.dropdown(
        view.worlds_listed(get_start()),
        value=get_start().world.title,
        label="World",
        on_change=lambda name: set_start(Point.of(name)),
    )
    reset = mo.ui.button(
        label="Reset",
        tooltip="Back to the settings of the world",
        on_click=lambda _: set_start(Point.of(chosen_world.value)),
    )
    cancel = mo.ui.button(
        label="Cancel",
        tooltip="Stop what is being computed",
        on_click=lambda _: jobs.cancel(),
    )
    _row = mo.hstack([chosen_world, reset, cancel], justify="start", wrap=True)
    mo.vstack([mo.Html('<span class="lb-top lb-of-run"></span>'), _row])
    return (chosen_world,)


@app.cell
def _(get_start, mo, view):
    _start = get_start()
    controls = mo.ui.dictionary(
        {
            control.name: mo.ui.slider(
                steps=sorted({*control.values, _start.values[control.name]}),
                value=_start.values[control.name],
                label=control.name,
                show_value=True,
                full_width=True,
            )
            for control in _start.world.controls
        }
    )
    _sliders = {name: f"{controls[name]}" for name in controls.elements}
    mo.Html(view.controls_list(_start.world, _sliders))
    return (controls,)


@app.cell
def _(Point, controls, get_start, panel, replace):
    point = replace(Point.of(get_start().world.name, controls.value), panel=panel.value)
    return (point,)


@app.cell
def _(address, point):
    _wanted = point.query()
    for _key in [key for key in address.to_dict() if key not in _wanted]:
        address.remove(_key)
    for _key, _value in _wanted.items():
        if address.get(_key) != _value:
            address.set(_key, _value)
    return


@app.cell
def _(compute, jobs, point, set_ends, set_moves):
    def _moved(own):
        if late:
            set_moves(lambda count: count + 1)
        if own.finished:
            set_ends(lambda count: count + 1)

    late = []
    job = jobs.start("run", lambda own: compute(point, own), _moved)
    # Most runs finish within 0.3 s; then no progress bar is shown.
    if not job.wait(0.3):
        late.append(job)
    return (job,)


@app.cell
def _(grid, job, jobs, mo, panel, point, set_grid_moves):
    mo.stop(panel.value not in ("law", "phase"))
    _kind = panel.value

    def _work(own):
        job.wait(60)  # the run of the page first
        return grid.grid_of(point, _kind, own)

    grid_job = jobs.start("grid", _work, lambda own: set_grid_moves(lambda count: count + 1))
    _ = grid_job.wait(0.1)
    return (grid_job,)


@app.cell
def _(get_grid_moves, get_moves, grid, grid_job, job, mo, panel, point, set_start, view):
    get_grid_moves()
    get_moves()
    _grid = grid_job.result
    buttons = mo.ui.array(
        [
            mo.ui.button(
                label=cell.words or "-",
                full_width=True,
                on_click=lambda _, cell=cell: set_start(point.with_values(**cell.values)),
            )
            for cell in (_grid.cells if _grid else ())
        ]
    )
    if grid_job.error:
        _page = view.refused(grid_job.error)
    elif _grid is None:
        _page = view.waiting(grid_job)
    else:
        _page = view.grid_table(_grid, point, [button.text for button in buttons])
    _here = ""
    if panel.value == grid.LAW and job.first is not None:
        _here = view.here(point, job.first)
    mo.Html(f'<div class="lb-shown">{_here}{_page}</div>')
    return (buttons,)


@app.cell
def _(drawn, get_moves, job, mo, view):
    get_moves()
    if job.error:
        drawn["run"] = ""
        _page = view.refused(job.error)
    elif job.first is None:
        _page = f'{view.waiting(job)}<div class="lb-stale">{drawn["run"]}</div>'
    else:
        _page = drawn["run"] = view.run_pictures(job.first)
    mo.Html(f'<div class="lb-shown lb-of-run">{_page}</div>')
    return


@app.cell
def _(get_ends, get_moves, job, mo, view):
    get_moves()
    get_ends()
    mo.stop(job.first is None)
    _prediction = None if job.result is None else job.result[1]
    mo.Html(f'<div class="lb-shown lb-of-run">{view.run_facts(job.first, _prediction)}</div>')
    return


@app.cell
def _(mo, point, view):
    _tabs = {}
    for _title, _name, _text in view.export_texts(point):
        _code = mo.Html(f'<div class="lb-shown">{view.code(_text)}</div>')
        _save = mo.download(_text.encode(), filename=_name, label=f"Save {_name}")
        _tabs[_title] = mo.vstack([_code, _save])
    _kept = mo.accordion({"Save or share: TOML, command, Python, link": mo.ui.tabs(_tabs)})
    mo.vstack([mo.Html('<span class="lb-of-run"></span>'), _kept])
    return


@app.cell
def _(get_ends, get_moves, job, mo, point, view):
    get_moves()
    get_ends()
    mo.stop(job.first is None)
    _pictures = [
        mo.download(
            lambda kind=kind: view.picture_file(job.first, kind),
            filename=f"{point.world.name}.{kind}",
            label=f"Save the picture as {kind.upper()}",
        )
        for kind in ("png", "svg")
    ]
    mo.hstack([mo.Html('<span class="lb-of-run"></span>'), *_pictures], justify="start", wrap=True)
    return


@app.cell
def _(mo, panel):
    mo.stop(panel.value != "diagnose")
    log_file = mo.ui.file(kind="area", label="Drop a log here, or choose one: CSV, JSON, text ...")
    columns = mo.ui.dictionary(
        {
            "train": mo.ui.text(label="training column", placeholder="from the names"),
            "test": mo.ui.text(label="test column", placeholder="from the names"),
            "step": mo.ui.text(label="step column", placeholder="from the names"),
            "kind": mo.ui.dropdown(["accuracy", "error", "loss"], label="kind"),
            "thresholds": mo.ui.text(label="thresholds", placeholder="training, test: 0.01, 0.05"),
            "where": mo.ui.text(label="rows of one run", placeholder="seed=0"),
        }
    )
    _row = mo.hstack(list(columns.elements.values()), justify="start", wrap=True)
    mo.vstack([mo.Html(f'<p class="lb-top lb-alone">{view.ABOUT_LOGS}</p>'), log_file, _row])
    return columns, log_file


@app.cell
def _(columns, log_file, mo, view):
    mo.stop(not log_file.value)
    _log = log_file.value[0]
    _page = view.dropped_view(_log.name, _log.contents, columns.value)
    mo.Html(f'<div class="lb-shown lb-top lb-alone">{_page}</div>')
    return


@app.cell
def _(mo, panel, paper):
    mo.stop(panel.value != "paper")
    mo.Html(f'<div class="lb-shown lb-top lb-alone">{paper.page()}</div>')
    return


if __name__ == "__main__":
    app.run()
