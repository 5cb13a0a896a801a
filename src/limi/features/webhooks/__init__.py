"""Webhooks: who is told of what happens, how it is signed and sent. Knows the journal by its port only."""
