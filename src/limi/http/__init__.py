"""The HTTP surface: one module per subject's routes, and what every request passes through."""
