"""Figures: what a result says, as numbers with intervals (``estimates``, ``contrasts``) and as SVG.

Every figure shows its uncertainty. matplotlib is loaded when the first figure is drawn.
"""

from sim.figures.forests import figure_compare

__all__ = ["figure_compare"]
