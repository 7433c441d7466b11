"""The plumbing shared by the four services: the only place with input and output.

Only shells (``app``, ``api``, ``store``, ``outbox``) import from here; the pure core never does.
"""
