"""The four services; no service imports another."""
