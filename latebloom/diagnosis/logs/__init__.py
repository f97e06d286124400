"""Logs of any trainer: from a file, a folder or standard input to named curves over steps."""

from .files import read_curves as read_curves
from .log import Column as Column
from .log import Log as Log
from .log import Series as Series
from .read import read_log as read_log
from .runs import groups as groups
from .runs import where as where
