"""What keeps the processes of a local mesh running?

Start reading at `specification.py`, then `supervisor.py`.
"""
