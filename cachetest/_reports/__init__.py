"""The report of a scope: as text, and as data that JSON can hold."""
