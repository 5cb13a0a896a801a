"""Sends webhooks by HTTP, to checked addresses only. Knows of webhooks the ports and the kinds of addresses."""
