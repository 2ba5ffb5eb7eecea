"""What a test makes happen: the gate, where it is decided whether a call is done and what it finds."""
