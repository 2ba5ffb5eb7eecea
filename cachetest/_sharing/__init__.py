"""One scope for several processes: a child process learns of its parent's test, and refuses for now."""
