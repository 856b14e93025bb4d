"""Why a value has no interval, in words."""

__all__ = ["NO_SPREAD", "ONE_SAMPLE", "UNKNOWN_ERROR"]

ONE_SAMPLE = "no interval: fewer than two samples are measured"
NO_SPREAD = "no interval: nothing varies in these samples, so nothing is known of how it would in others"
UNKNOWN_ERROR = "no interval: its standard error is not finite"
