"""Delayed generalization ("grokking"), simulated exactly, measured, predicted and mapped."""

from latebloom.core.stub import import_names_when_used

# The names are those of `__init__.pyi`; each is imported when it is first used.
import_names_when_used(__name__)
