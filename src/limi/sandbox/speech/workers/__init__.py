"""What runs in the sandbox's child processes; of Limi it knows this package and `g711` only, to start quickly."""
