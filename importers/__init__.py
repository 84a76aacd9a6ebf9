"""
How do runs that were recorded elsewhere get onto the log?

Start reading at `unit.py`, then `append.py`.
"""
