"""Runs Python while nothing may leave it for a real store: ``python -m test.network -m pytest -q test``."""
