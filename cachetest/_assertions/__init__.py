"""The assertions on a test case, one family a file: counts, entries, and that nothing was used."""
