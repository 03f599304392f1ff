"""The command `eidosctl`: suggest, start, install, check."""
