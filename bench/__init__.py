"""What is measured by `python -m bench`? Ratios on one machine in one run; see `suites.py`."""
