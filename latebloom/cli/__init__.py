"""The command line."""

from .commands import register_command as register_command
from .table import print_table as print_table
