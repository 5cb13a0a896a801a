"""What Limi does, a package a subject; none knows another, the web, or a database."""
