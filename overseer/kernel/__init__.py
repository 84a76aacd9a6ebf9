"""The task kernel: what is true of tasks and workers, and what follows. Pure."""
