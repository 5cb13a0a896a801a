"""What operators see: log lines and Prometheus metrics."""
