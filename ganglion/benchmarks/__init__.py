"""What is measured by `ganglion bench`? Ratios on one machine in one run; see `suites.py`."""
