"""Whether a command may stand in a prompt: its text, its grammar, its effect.

    raw text → text_gate → tree → syntax → commands (words, wrappers) → effects (targets) → rules

`validation.judge` goes the whole way; everything here is pure.
"""
