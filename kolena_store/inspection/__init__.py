"""What people look at: leaderboards, comparisons, test cases, samples, slices. A store is read here, never written."""

__all__: list[str] = []
