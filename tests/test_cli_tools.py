"""The commands that help with an installation: cite, doctor, completion."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cli_helpers import call, refused

import latebloom
from latebloom.cli.cite import ARXIV, bibliography
from latebloom.cli.commands import COMMANDS
from latebloom.cli.doctor import OPTIONAL

# The text of every module of the library.
SOURCES = [p.read_text(encoding="utf-8") for p in Path(latebloom.__file__).parent.rglob("*.py")]


def test_every_paper_that_a_part_names_has_an_entry():
    """What `cite` would only print as a comment: none of the papers that a docstring names."""
    named = {
        number
        for text in SOURCES
        for line in re.findall(r"Source: .*(?:\n    .*)*", text)
        for number in ARXIV.findall(line)
    }
    assert {"2506.05718", "1412.6980"} <= named
    # Whose titles are not at hand: `cite` gives their numbers, as comments.
    assert named - set(bibliography()) <= {"2601.19791", "2605.18845", "2603.13331"}


def test_an_entry_is_whole_bibtex_with_its_number():
    for number, entry in bibliography().items():
        assert entry.startswith("@")
        assert entry.count("{") == entry.count("}")
        assert len(re.findall(r"^  \w+ = \{.*\},$", entry, re.MULTILINE)) == entry.count("\n") - 2
        if ARXIV.fullmatch(number):
            assert f"eprint = {{{number}}}" in entry


def test_cite_names_the_sources_of_the_parts(capsys):
    code, out, _ = call(capsys, "cite", "fig3", "--method", "ProximalGradient", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["sources"].keys() >= {"SparseRecovery", "L1"}
    assert any("notsawo2025grokking" in entry for entry in found["bibtex"])


def test_cite_takes_the_engine_that_a_named_experiment_is_made_for(capsys):
    _, out, _ = call(capsys, "cite", "slow-addition")
    assert "boursier2025theoretical" in out
    assert "sommeijer1998rkc" in out


def test_cite_names_the_laws_of_other_groups_that_are_about_the_experiment(capsys):
    _, out, _ = call(capsys, "cite", "slow-teacher")
    assert re.search(r"^% law: flow on the interpolators: arXiv 2505.20172", out, re.MULTILINE)
    _, out, _ = call(capsys, "cite", "fig3")
    assert "2505.20172" not in out


def test_cite_without_an_experiment_cites_latebloom(capsys):
    code, out, _ = call(capsys, "cite")
    assert code == 0
    assert out.startswith("@software{latebloom,")
    assert "\n@inproceedings{" in out


def test_cite_refuses_an_unknown_name(capsys):
    assert "did you mean 'fig3'" in refused(capsys, "cite", "fgi3")


def test_doctor_says_what_is_missing(capsys, monkeypatch):
    for module in OPTIONAL:
        monkeypatch.setitem(sys.modules, module, None)
    code, out, _ = call(capsys, "doctor", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["versions"]["latebloom"] == latebloom.__version__
    assert len(found["optional"]) == len(OPTIONAL)
    assert all("pip install 'latebloom[" in text for text in found["optional"].values())


def test_doctor_sees_a_folder_that_cannot_be_written(capsys, monkeypatch):
    monkeypatch.setenv("LATEBLOOM_CACHE", "/proc/no-such-folder")
    monkeypatch.setattr("os.access", lambda path, mode: not str(path).startswith("/proc"))
    code, out, _ = call(capsys, "doctor", "--json")
    assert code == 0
    assert "cannot be written" in json.loads(out)["folders"]["compiled programs"]


def _completed(script, *words):
    """Return what bash offers for the last of these words."""
    typed = " ".join(f"'{word}'" for word in words)
    line = f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _latebloom"
    bash = subprocess.run(
        ["bash", "-c", f'{script}\n{line}\nprintf "%s\\n" "${{COMPREPLY[@]}}"'],
        capture_output=True,
        text=True,
        check=True,
    )
    return bash.stdout.split()


def test_bash_completes_commands_options_and_names(capsys):
    _, script, _ = call(capsys, "completion", "bash")
    assert set(COMMANDS) <= set(_completed(script, "latebloom", ""))
    assert _completed(script, "latebloom", "dia") == ["diagnose"]
    assert _completed(script, "latebloom", "diagnose", "--train-") == ["--train-threshold"]
    assert "fig3" in _completed(script, "latebloom", "run", "fig")
    assert _completed(script, "latebloom", "status", "fig") == []
    assert _completed(script, "latebloom", "explore", "spar") == ["sparse"]
    assert "fig3" in _completed(script, "latebloom", "explore", "fig")
    assert _completed(script, "latebloom", "reproduce", "fig3") == [
        *("fig3", "fig30", "fig31", "fig32", "fig33", "fig34", "fig35"),
    ]
    assert {"convex", "all"} <= set(_completed(script, "latebloom", "reproduce", ""))
    assert _completed(script, "latebloom", "sweep", "phase-s") == ["phase-small"]
    assert _completed(script, "latebloom", "help", "dem") == ["demo"]
    assert _completed(script, "latebloom", "errata", "E-08") == ["E-08"]
    assert "fig4.prefactor" in _completed(script, "latebloom", "claims", "fig4.")


@pytest.mark.parametrize("words", [("--completion", "fish"), ("--completion=fish",)])
def test_the_script_is_also_an_option_of_the_program(capsys, words):
    _, script, _ = call(capsys, "completion", "fish")
    assert call(capsys, *words)[1] == script


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_script_is_valid_in_its_shell(capsys, shell):
    code, script, _ = call(capsys, "completion", shell)
    assert code == 0
    assert "diagnose" in script
    assert "train-threshold" in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n", "/dev/stdin"], input=script, text=True, check=True)


def test_an_unknown_shell_is_refused(capsys):
    assert "did you mean 'zsh'" in refused(capsys, "completion", "ksh")


def test_the_files_of_a_release_name_one_version():
    root = Path(latebloom.__file__).parents[1]
    for name in ("CITATION.cff", "packaging/conda/recipe.yaml"):
        text = (root / name).read_text(encoding="utf-8")
        [version] = re.findall(r'^ *version: "?([\d.]+)"?$', text, re.MULTILINE)
        assert version == latebloom.__version__, name


def test_the_recipe_needs_what_the_package_needs():
    root = Path(latebloom.__file__).parents[1]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    recipe = (root / "packaging/conda/recipe.yaml").read_text(encoding="utf-8")
    for needed in project["dependencies"]:
        name, _, version = needed.partition(";")[0].partition(">=")
        name = {"h5netcdf[h5py]": "h5netcdf", "matplotlib": "matplotlib-base"}.get(name, name)
        assert f"    - {name} >={version}\n" in recipe
