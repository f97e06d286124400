"""The command `completion`: a script that completes the command line in a shell."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from latebloom.core.errors import InvalidInput, nearest, shown

from .commands import COMMANDS, DONE, Setting
from .help import EVERYWHERE, PROGRAM, arguments_of

SHELLS = ("bash", "zsh", "fish")

BASH = """\
_latebloom() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} words
    if [ "$COMP_CWORD" -eq 1 ]; then
        words={commands}
    else
        case ${{COMP_WORDS[1]}} in
{cases}
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _latebloom latebloom
"""


@dataclass(frozen=True)
class Completion:
    """Print a script that completes commands, options and names of experiments.

    For bash or zsh write `eval "$(latebloom completion bash)"` into ~/.bashrc, or the same with zsh
    into ~/.zshrc; for fish `latebloom completion fish | source` into ~/.config/fish/config.fish.
    """

    shell: Annotated[
        str, Positional, arg(metavar="|".join(SHELLS), help="The shell that is to complete.")
    ]

    @staticmethod
    def known_names() -> list[str]:
        """Return the shells."""
        return list(SHELLS)

    def execute(self, settings: list[Setting]) -> int:
        """Print the script."""
        if self.shell not in SHELLS:
            hint = nearest(self.shell, SHELLS) or f"; must be {', '.join(SHELLS)}"
            raise InvalidInput(f"no completion for {shown(self.shell)}{hint}")
        print(fish_script() if self.shell == "fish" else bash_script(self.shell), end="")
        return DONE


def words_of(name: str) -> tuple[list[str], list[str]]:
    """Return the options of a command, and the names that its first argument may be."""
    from latebloom.experiment.presets import presets

    kind = COMMANDS[name].load()
    arguments = arguments_of(kind)
    options = [one.typed.split()[0] for one in arguments if not one.positional]
    if hasattr(kind, "known_names"):
        return options, kind.known_names()
    named = any(one.positional and one.field == "experiment" for one in arguments)
    return options, list(presets()) if named else []


def _words(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Return the options of rows such as ("-q, --quiet", ...)."""
    return [option.split()[0] for typed, _ in rows for option in typed.split(", ")]


def bash_script(shell: str = "bash") -> str:
    """Return the script of bash, which zsh understands with one line before it."""
    common, cases = _words(EVERYWHERE), []
    for name in COMMANDS:
        options, names = words_of(name)
        words = shlex.quote(" ".join((*names, *options, *common)))
        cases.append(f"            {name}) words={words} ;;")
    cases.append(f"            help) words={shlex.quote(' '.join(COMMANDS))} ;;")
    commands = shlex.quote(" ".join((*COMMANDS, "help", *_words(PROGRAM), *common)))
    script = BASH.format(commands=commands, cases="\n".join(cases))
    return "autoload -U +X bashcompinit && bashcompinit\n" + script if shell == "zsh" else script


def fish_script() -> str:
    """Return the script of fish, which shows what each command does."""
    lines = []
    for name, command in COMMANDS.items():
        summary = shlex.quote(command.summary)
        lines.append(f"complete -c latebloom -n __fish_use_subcommand -a {name} -d {summary}")
        options, names = words_of(name)
        seen = f"complete -c latebloom -n '__fish_seen_subcommand_from {name}'"
        lines += [f"{seen} -l {option.removeprefix('--')}" for option in options]
        if names:
            lines.append(f"{seen} -a {shlex.quote(' '.join(names))}")
    return "\n".join(lines) + "\n"
