"""The command `explore`: a page in the browser, to drag the settings of a run."""

import time
import webbrowser
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from latebloom.core.interrupts import check as check_signals
from latebloom.core.interrupts import listening
from latebloom.core.json_text import dump_json
from latebloom.core.messages import note

from .commands import Setting

WORLD = arg(
    metavar="NAME|LINK",
    help="What to open: sparse, mirage, matrix, deep or network; an experiment of `latebloom list`;"
    " or a link, as the page gives it.",
)
# Seconds between two looks at the signals.
LOOK = 0.1


@dataclass(frozen=True)
class Explore:
    """Open a page in the browser: drag the settings of a run and see its curves. Ctrl-C ends it.

    The page is served to this machine only, behind a token, and sends nothing anywhere.
    """

    world: Annotated[str, Positional, WORLD] = "sparse"
    port: int = 0
    """The port of the page; 0 takes any that is free."""
    no_browser: bool = False
    """Print the address only."""
    json: bool = False
    """Print the address as a JSON document."""

    @staticmethod
    def known_names() -> list[str]:
        """Return the worlds and the named experiments."""
        from latebloom.explore.world import experiments, names

        return [*names(), *experiments()]

    def execute(self, settings: list[Setting]) -> int:
        """Serve the page until Ctrl-C."""
        from latebloom.explore.server import HOST, listen, require_framework, serving

        require_framework()
        from latebloom.explore.point import Point

        point = Point.from_link(self.world)
        with listening():
            listener = listen(self.port)
            port = listener.getsockname()[1]
            with serving(listener) as token:
                address = f"http://{HOST}:{port}/?access_token={token}&{point.link()}"
                if self.json:
                    print(dump_json({"address": address, "port": port}), flush=True)
                else:
                    print(address, flush=True)
                note("open this address in a browser; Ctrl-C ends it")
                if not self.no_browser:
                    webbrowser.open(address)
                while True:
                    check_signals()
                    time.sleep(LOOK)
