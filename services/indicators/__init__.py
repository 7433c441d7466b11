"""The indicators service: figures as sums of steps."""
