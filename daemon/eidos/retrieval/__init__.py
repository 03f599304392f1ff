"""Known intents: what people ask for often, and the command that is known to do it."""
