"""What Limi costs beside the servers people use today; one module a question. Knows Limi from outside only."""
