"""Limi's own keys: made, checked, rotated, revoked. Knows the journal by its port, and of tenants only the id."""
