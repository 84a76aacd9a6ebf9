"""A swarm of agents that only pretend to work, on a real mesh, and a judge of what is logged."""
