"""The built-in worker: tasks of the swarm that need no language model, done for real."""
