"""What touches the world: upstream, databases, files, logs. Each fills a port that a feature owns."""
