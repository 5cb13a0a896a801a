"""The operators' routes below `/api/admin`. Knows the services' ports and shapes answers; decides nothing."""
