"""The revisions. Their numbers grow by one; the last is `limi.adapters.sql.HEAD`."""
