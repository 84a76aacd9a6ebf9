"""What was the state of the swarm at any moment, and what changed between two of them?"""
