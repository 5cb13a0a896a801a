"""What clients report and how much the service is used: events kept, counted by time, asked for. Knows no HTTP."""
