"""Write the explorer as static pages that compute in the browser, by WebAssembly.

The pages load Python (Pyodide) and its packages from where marimo's export expects them, so whoever
opens them needs a network; latebloom itself comes with the pages as a wheel.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "latebloom" / "explore" / "page"
# The page takes a sheet of this title into the roots of its widgets.
STYLE = "<style title='marimo-custom'>\n{}\n</style>\n</head>"


def write(out: Path) -> None:
    """Export the app, and put the wheel and the style sheet beside it.

    **Arguments:**

    - `out`: a folder; files of an earlier export are replaced.
    """
    public = out / "public"
    public.mkdir(parents=True, exist_ok=True)
    for old in public.glob("*.whl"):
        old.unlink()
    python = [sys.executable, "-m"]
    export = [*python, "marimo", "export", "html-wasm", str(PAGE / "app.py")]
    subprocess.run([*export, "-o", str(out), "--mode", "run", "--force"], check=True)
    build = [*python, "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(public), str(ROOT)], check=True)
    (wheel,) = public.glob("*.whl")
    (public / "wheel.txt").write_text(f"{wheel.name}\n", encoding="utf-8")
    for note in out.glob("*.md"):  # for those who edit notebooks
        note.unlink()
    index = out / "index.html"
    text = index.read_text(encoding="utf-8")
    if "</head>" not in text:
        raise SystemExit(f"{index}: has no head; is it what marimo exports?")
    style = STYLE.format((PAGE / "app.css").read_text(encoding="utf-8"))
    index.write_text(text.replace("</head>", style, 1), encoding="utf-8")
    print(f"written: {out}; try it: python -m http.server --directory {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, nargs="?", default=Path("explore-static"))
    write(parser.parse_args().out)
