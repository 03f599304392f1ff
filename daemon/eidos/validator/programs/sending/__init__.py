"""What leaves the machine: the programs that send, and which of their words say what."""
