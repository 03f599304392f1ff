"""From the text of a line to its structure: readers of bash, zsh and fish."""
