"""The tables' history, one file a revision, run by `limi.adapters.sql.schema` only."""
