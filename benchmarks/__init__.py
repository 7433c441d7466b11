"""What the system costs, measured beside a peer in the same run; the ratio to the peer is the result.

Numbers of another machine or another day compare with nothing; a ratio does. Run one from the root of the repository:
`python -m benchmarks.throughput`. `make prove` runs all and keeps the results in `docs/proof/`.
"""
