"""What studies share: where runs come from, claims, statistics, records."""

from latebloom.core.stub import import_names_when_used

# The names, those that every study uses, are those of `__init__.pyi`; each is imported when it is
# first used.
import_names_when_used(__name__)
