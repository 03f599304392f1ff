"""From the structure of a line to the programs that really run, with their words and inputs."""
