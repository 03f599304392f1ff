"""What is known of single programs: their subcommands, what they send, show and serve."""
