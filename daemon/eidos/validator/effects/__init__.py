"""What one command does, asked of its words: one module for each group of classes.

Each ends in EFFECTS, the questions that the rules of `table/` are made of.
"""
