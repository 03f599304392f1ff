"""Eidos turns a request in plain English into a shell command, offline.

Importing this package imports nothing else, so that a client pays only for what it uses.
"""

__version__ = "0.1.0"
