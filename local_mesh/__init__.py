"""What runs a whole mesh on one machine?"""
