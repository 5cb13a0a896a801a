"""Minting ephemeral keys: models, profiles, idempotency, the call upstream. Knows the journal by its port only."""
