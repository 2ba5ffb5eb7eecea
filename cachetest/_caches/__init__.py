"""The caches of a test: each cache and its backend, the scope that owns them, and whose an operation is."""
