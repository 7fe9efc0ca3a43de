"""What changes for people between two sets of generated files: read, compare, tell.

Both sides are files, so that a revision of long ago, another version of this tool or a hand-edited folder can be
compared without running anything of it.
"""
