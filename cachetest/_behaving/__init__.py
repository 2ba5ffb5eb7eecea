"""The gate: where it is decided whether a call to a cache is done, and what it finds."""
