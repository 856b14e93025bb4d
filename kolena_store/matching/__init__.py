"""Matching: pairs of detections and objects that overlap are found once, and each protocol is a pass over them."""

__all__: list[str] = []
