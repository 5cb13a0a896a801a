"""Tokens that an OpenID Connect issuer signed: its keys fetched, its signatures checked, its claims read."""
