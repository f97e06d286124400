"""Files of the fourth and the fifth batch that no template makes."""

import json
import sqlite3
import zipfile

import numpy as np

from . import probe, save


@probe
def sqlite_table(folder, k, train, test):
    with sqlite3.connect(folder / "log.db") as db:
        db.execute("create table config (name text, value text)")
        db.execute(
            "create table log (id integer primary key, step integer, train_acc real, val_acc real)"
        )
        db.executemany(
            "insert into log (step, train_acc, val_acc) values (?, ?, ?)",
            list(zip(k.tolist(), train.tolist(), test.tolist(), strict=True)),
        )
    db.close()
    return [str(folder / "log.db")]


@probe
def xml_of_epochs(folder, k, train, test):
    lines = ['<?xml version="1.0"?>', "<training>"]
    for s, a, b in zip(k.tolist(), train.tolist(), test.tolist(), strict=True):
        lines.append(
            f'  <epoch n="{s}"><train loss="{1 - a:.4f}" accuracy="{a}"/><test '
            f'loss="{1 - b:.4f}" accuracy="{b}"/></epoch>'
        )
    return [save(folder / "log.xml", [*lines, "</training>"])]


@probe
def hydra_job_folder(folder, k, train, test):
    save(folder / "0" / ".hydra" / "config.yaml", ["lr: 0.001", "seed: 0"])
    save(folder / "0" / ".hydra" / "overrides.yaml", ["- lr=0.001"])
    lines = [
        f"[2024-01-01 10:00:00,123][__main__][INFO] - step {s}: train_acc={a:.4f} test_acc={b:.4f}"
        for s, a, b in zip(k.tolist(), train.tolist(), test.tolist(), strict=True)
    ]
    save(folder / "0" / "main.log", lines)
    return [str(folder / "0")]


@probe
def xlsx_sheet(folder, k, train, test):
    strings = ["step", "train_acc", "test_acc"]
    rows = [
        '<row r="1">'
        + "".join(f'<c r="{"ABC"[i]}1" t="s"><v>{i}</v></c>' for i in range(3))
        + "</row>"
    ]
    for r, cells in enumerate(zip(k.tolist(), train.tolist(), test.tolist(), strict=True), 2):
        rows.append(
            f'<row r="{r}">'
            + "".join(f'<c r="{"ABC"[i]}{r}"><v>{v}</v></c>' for i, v in enumerate(cells))
            + "</row>"
        )
    ns = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(folder / "log.xlsx", "w") as z:
        z.writestr(
            "[Content_Types].xml",
            (
                '<?xml version="1.0"?><Types '
                'xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default '
                'Extension="xml" ContentType="application/xml"/><Default '
                'Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
                'PartName="/xl/workbook.xml" '
                'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
            ),
        )
        z.writestr(
            "_rels/.rels",
            (
                f'<?xml version="1.0"?><Relationships '
                f'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                f"<Relationship "
                f'Id="rId1" Type="{rel}/officeDocument" '
                f'Target="xl/workbook.xml"/></Relationships>'
            ),
        )
        z.writestr(
            "xl/workbook.xml",
            (
                f'<?xml version="1.0"?><workbook {ns} xmlns:r="{rel}"><sheets><sheet '
                f'name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
            ),
        )
        z.writestr(
            "xl/_rels/workbook.xml.rels",
            (
                f'<?xml version="1.0"?><Relationships '
                f'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                f"<Relationship "
                f'Id="rId1" Type="{rel}/worksheet" '
                f'Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{rel}'
                f'/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
            ),
        )
        z.writestr(
            "xl/sharedStrings.xml",
            f'<?xml version="1.0"?><sst {ns} count="3" uniqueCount="3">'
            + "".join(f"<si><t>{s}</t></si>" for s in strings)
            + "</sst>",
        )
        z.writestr(
            "xl/worksheets/sheet1.xml",
            (
                f'<?xml version="1.0"?><worksheet {ns}><sheetData>{"".join(rows)}'
                f"</sheetData></worksheet>"
            ),
        )
    return [str(folder / "log.xlsx")]


@probe
def notebook_of_fastai(folder, k, train, test):
    body = "\n".join(
        (
            f"    <tr>\n      <td>{i}</td>\n      <td>{1 - a:.6f}</td>\n      <td>"
            f"{1 - b:.6f}</td>\n      <td>{a:.6f}</td>\n      <td>{b:.6f}"
            f"</td>\n      <td>00:10</td>\n    </tr>"
        )
        for i, (a, b) in enumerate(zip(train, test, strict=True))
    )
    head = "".join(
        f"      <th>{n}</th>\n"
        for n in ("epoch", "train_loss", "valid_loss", "train_accuracy", "accuracy", "time")
    )
    html = (
        f'<table border="1" class="dataframe">\n  <thead>\n    <tr '
        f'style="text-align: left;">\n{head}    </tr>\n  </thead>\n  <tbody>\n'
        f"{body}\n  </tbody>\n</table>"
    )
    nb = {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Train\n"]},
            {
                "cell_type": "code",
                "execution_count": 1,
                "metadata": {},
                "source": ["learn.fit_one_cycle(201)"],
                "outputs": [
                    {
                        "output_type": "display_data",
                        "metadata": {},
                        "data": {
                            "text/html": html.splitlines(True),
                            "text/plain": ["<IPython.core.display.HTML object>"],
                        },
                    }
                ],
            },
        ],
        "metadata": {"kernelspec": {"name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return [save(folder / "train.ipynb", json.dumps(nb, indent=1))]


@probe
def otel_json_lines(folder, k, train, test):
    lines = [
        json.dumps({"name": n, "attributes": {"split": sp}, "step": s, "value": v})
        for s, a, b in zip(k.tolist(), train.tolist(), test.tolist(), strict=False)
        for n, sp, v in (
            ("accuracy", "train", a),
            ("accuracy", "validation", b),
            ("loss", "train", 1 - a),
        )
    ]
    return [save(folder / "otel.jsonl", lines)]


@probe
def folder_of_split_csvs(folder, k, train, test):
    for name, v in (("train", train), ("validation", test)):
        save(
            folder / "run" / f"{name}_log.csv",
            ["step,loss,accuracy"] + [f"{s},{1 - x:.4f},{x}" for s, x in zip(k, v, strict=True)],
        )
    return [str(folder / "run")]


@probe
def two_files_of_numbers(folder, k, train, test):
    for n, v in (("train_acc.txt", train), ("test_acc.txt", test)):
        np.savetxt(folder / n, np.stack([k, v], 1))
    return [str(folder / "train_acc.txt"), str(folder / "test_acc.txt")]


@probe
def csv_of_metric_rows_without_step(folder, k, train, test):
    lines = ["set,accuracy"]
    for a, b in zip(train, test, strict=True):
        lines += [f"train,{a}", f"val,{b}"]
    return [save(folder / "log.csv", lines)]
