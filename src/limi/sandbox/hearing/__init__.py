"""What a session hears: where a turn begins and ends, and its words; knows neither answers nor sockets."""

__all__: list[str] = []
