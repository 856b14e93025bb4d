"""Which test samples belong to which test case.

`bitmaps` holds the sets, `evaluation` asks DuckDB for them, `stored` keeps them; import what you need from there, so
that numpy is loaded only when it is used.
"""

__all__: list[str] = []
