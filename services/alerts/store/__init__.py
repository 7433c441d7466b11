"""What the alerts service keeps in PostgreSQL; municipality is the first column of every table."""
