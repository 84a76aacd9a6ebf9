"""What can be asked of a mesh?"""
