"""The account's limits, kept: pace, share of the rate, calls in flight, and what to do when the service is down."""

from qwenocr_assets.qwenocr.limits.limiter import Limiter, Slot
from qwenocr_assets.qwenocr.limits.pace import AccountLimits

__all__ = ["AccountLimits", "Limiter", "Slot"]
