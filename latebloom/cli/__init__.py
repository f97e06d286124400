"""The command line."""

from latebloom.core.messages import note as note

from .commands import DONE as DONE
from .commands import FAILED as FAILED
from .commands import INTERRUPTED as INTERRUPTED
from .commands import Setting as Setting
from .commands import register_command as register_command
from .table import print_table as print_table
from .table import print_text as print_text
