"""How the model is made: corpus, development set, training, export. Not part of the wheel."""
