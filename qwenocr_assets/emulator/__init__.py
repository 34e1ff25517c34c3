"""The emulated service: an account with limits, a bill and faults around any app of the service's wire format.

What people need who test against the service stands here; `docs/emulator.md` shows how to use it.
"""

from qwenocr_assets.emulator.account import AccountLimits, BurstRamp
from qwenocr_assets.emulator.asgi import AsgiApp
from qwenocr_assets.emulator.batch_faults import BatchFault, batches_in_order, no_batch_faults
from qwenocr_assets.emulator.corrupting import Corruption, Planted
from qwenocr_assets.emulator.emulator import Emulator, create_emulator
from qwenocr_assets.emulator.fault_files import read_fault_file
from qwenocr_assets.emulator.faults import (
    NAMED_FAULTS,
    Call,
    Drop,
    ErrorAnswer,
    Fault,
    FaultScript,
    RawAnswer,
    StreamError,
    Torn,
    Truncated,
    by_share,
    in_order,
    no_faults,
    retiring,
    rough_service,
)
from qwenocr_assets.emulator.latency import jittered, steady
from qwenocr_assets.emulator.transport import ConnectionDropped, EmulatorTransport
from qwenocr_assets.engine.wire.errors import ErrorCode, ServiceCode

__all__ = [
    "NAMED_FAULTS",
    "AccountLimits",
    "AsgiApp",
    "BatchFault",
    "BurstRamp",
    "Call",
    "ConnectionDropped",
    "Corruption",
    "Drop",
    "Emulator",
    "EmulatorTransport",
    "ErrorAnswer",
    "ErrorCode",
    "Fault",
    "FaultScript",
    "Planted",
    "RawAnswer",
    "ServiceCode",
    "StreamError",
    "Torn",
    "Truncated",
    "batches_in_order",
    "by_share",
    "create_emulator",
    "in_order",
    "jittered",
    "no_batch_faults",
    "no_faults",
    "read_fault_file",
    "retiring",
    "rough_service",
    "steady",
]
