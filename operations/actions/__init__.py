"""What can be told to a mesh?"""
