"""What does every agent and service of the mesh stand on?

Start reading at `agent.py`, then `contract/event.py`.
"""
