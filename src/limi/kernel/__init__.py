"""Values every part shares: settings, clock, ids, principals, facts, errors. No input or output happens here."""
