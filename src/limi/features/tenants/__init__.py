"""Tenants: who they are, what they may do, whether they are suspended. Knows the journal by its port only."""
