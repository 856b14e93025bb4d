"""The web app: pages with their whole state in the address, over a store that they only read."""

__all__: list[str] = []
