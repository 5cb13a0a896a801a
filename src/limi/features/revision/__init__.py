"""Notices changes of keys, tenants and profiles that other processes make. Knows none of the three."""
