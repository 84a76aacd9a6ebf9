"""The front door for people and programs that speak HTTP: what is, and what shall be."""
