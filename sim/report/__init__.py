"""Reports: one self-contained page on a result, in Spanish or English; jinja2 is loaded when a page is written."""

from sim.report.page import write_comparison, write_report

__all__ = ["write_comparison", "write_report"]
