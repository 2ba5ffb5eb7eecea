"""The patches: undoing, switches, shared installs, and the session that opens and closes it all."""
