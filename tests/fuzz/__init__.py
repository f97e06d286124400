"""Fuzzing: command lines, TOML files and calls of the library that nobody would write on purpose.

`python -m fuzz` (from `tests/`, or `make fuzz`) tries 2,000 command lines, 500 files and 300 calls,
and gives each argument of each public function values of every type; case i of a seed is always the
same. None may end in a traceback or hang, and each refusal is one
line that says what is wrong and what is wanted.
"""
