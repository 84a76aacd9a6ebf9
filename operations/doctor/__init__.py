"""What may be wrong with this machine or this mesh?

Start reading at `finding.py`, then `machine.py` and `mesh.py`.
"""
