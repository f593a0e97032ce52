"""Reports as pages to look at: one file of HTML each, which needs no network, and no script to be read.

Everything is made from the rows of a report (`docs/report.md`), whether they come from a run that has just ended or
from a file of last year's. `render.py` has the templates; nothing here judges.
"""
