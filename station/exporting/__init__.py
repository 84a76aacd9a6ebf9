"""
How does what is on the log become the files that others know?

Start reading at `station.py`.
"""
