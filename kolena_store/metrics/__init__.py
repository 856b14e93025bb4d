"""From facts about samples to metrics of test cases."""

__all__: list[str] = []
