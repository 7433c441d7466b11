"""The local stack: a real broker, PostgreSQL and Prometheus as child processes on loopback, without Docker.

`stack.start_stack` is the door for tests and the demo, `youthcare/cli_local.py` the one for people.
Why it is built as it is: docs/decisions/0007.
"""
