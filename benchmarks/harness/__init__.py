"""What every question shares: servers, load, accounting, statistics, reports. Knows no question."""
