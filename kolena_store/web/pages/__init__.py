"""The pages: each a function of the store's newest state and the parameters of an address."""

__all__: list[str] = []
