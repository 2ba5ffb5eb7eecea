"""One scope for several processes: a child process learns of its parent's test, and asks for its caches."""
