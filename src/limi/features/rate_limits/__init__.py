"""Who may ask how often: sliding windows over callers, kinds of client, and everyone. Knows no HTTP."""
