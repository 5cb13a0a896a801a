"""Profiles in the database: named, versioned, of a tenant or of all. Knows the journal by its port only."""
