"""The routes, and who gets to them."""
