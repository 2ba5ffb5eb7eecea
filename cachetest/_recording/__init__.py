"""The record: counts, operations and their log, the lines they came from, and what no test counts."""
