"""Beyond the figures: questions that the paper leaves open, one module and one command each.

Source: arXiv 2506.05718 leaves them open, or its figures raise them; the bands are ours.
"""
