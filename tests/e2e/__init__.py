"""Suites that run the whole system."""
