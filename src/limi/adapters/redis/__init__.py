"""What processes share through Redis or Valkey: limits, repeats, a wake-up call. Knows no HTTP and no SQL."""
