"""The step log in PostgreSQL: its tables, its writing, and what is asked of it."""
