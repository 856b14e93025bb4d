"""Reports: what people look at, as one file that needs nothing else; the web app is made of the same templates."""

__all__: list[str] = []
