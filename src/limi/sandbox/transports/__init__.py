"""Ways to carry a session: each connects one client to one live session, and knows nothing of what is said."""
