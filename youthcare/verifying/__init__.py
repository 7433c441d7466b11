"""What `trajectwacht verify` compares and how it tells of it: pure, and of no service."""
