"""Engines: how the updates of a method are computed."""

from latebloom.core.stub import import_names_when_used

# The names are those of `__init__.pyi`; each is imported when it is first used.
import_names_when_used(__name__)
