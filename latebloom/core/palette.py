"""Okabe and Ito's palette by the role of the line; a role has one colour in every picture."""

TRAIN = "#0072B2"
TEST = "#D55E00"
RATIO = "#009E73"
NORM = "#CC79A7"
OFF = "#9A9A9A"
MARK = "#4D4D4D"
