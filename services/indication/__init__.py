"""The indication service: turns what senders deliver into canonical statements, or refuses it with a reason."""
