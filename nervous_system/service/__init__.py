"""How does a service that decides run: folds, turns, leadership, snapshots?"""
