"""What must not be touched lightly, and what must not leave the machine."""
