"""Everything public of the client. Import it from the package: `from qwenocr_assets.qwenocr import Client, Task`."""

from qwenocr_assets.errors import ConfigurationError, ExitCode, MissingApiKey, QwenocrError, RejectedInput
from qwenocr_assets.geometry import Box, Point, Quad
from qwenocr_assets.qwenocr.answers import Answer, BoxDoubt, Layout, Usage, Word
from qwenocr_assets.qwenocr.catalogue import (
    Catalogue,
    Dialect,
    FreeQuota,
    Model,
    Sureness,
    WholePdf,
    load_catalogue,
)
from qwenocr_assets.qwenocr.client import Client
from qwenocr_assets.qwenocr.errors import (
    FetchFailed,
    NotOffered,
    PageRefused,
    RefusedForNow,
    Retryable,
    RunRefused,
    ServiceDown,
    ServiceError,
    ServiceFault,
    Throttled,
    ThrottledBurst,
    Unfunded,
    Unreadable,
    UploadExpired,
)
from qwenocr_assets.qwenocr.images import FileBytes, Image, ImageAt, ImageBytes, Page, SentAs
from qwenocr_assets.qwenocr.keys import Key
from qwenocr_assets.qwenocr.limits.account import Rules
from qwenocr_assets.qwenocr.limits.calls import Calls
from qwenocr_assets.qwenocr.limits.pace import AccountLimits, Started
from qwenocr_assets.qwenocr.options import ClientOptions, Streaming
from qwenocr_assets.qwenocr.pdfs import Pdf, PdfAt, PdfBytes
from qwenocr_assets.qwenocr.prices import Price, Tokens
from qwenocr_assets.qwenocr.purse import Hold, Purse
from qwenocr_assets.qwenocr.regions import Protocol, Region, region_at
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Mode, Request, RequestOptions
from qwenocr_assets.qwenocr.tasks import Form, MissingForm, Task, TaskSpec
from qwenocr_assets.qwenocr.wire.hosts import Host, HostKind

__all__ = [
    "AccountLimits",
    "Answer",
    "Box",
    "BoxDoubt",
    "Calls",
    "Catalogue",
    "Client",
    "ClientOptions",
    "ConfigurationError",
    "Dialect",
    "ExitCode",
    "FetchFailed",
    "FileBytes",
    "Form",
    "FreeQuota",
    "Hold",
    "Host",
    "HostKind",
    "Image",
    "ImageAt",
    "ImageBytes",
    "Key",
    "Layout",
    "MissingApiKey",
    "MissingForm",
    "Mode",
    "Model",
    "NotOffered",
    "Page",
    "PageRefused",
    "Pdf",
    "PdfAt",
    "PdfBytes",
    "Point",
    "Price",
    "Protocol",
    "Purse",
    "Quad",
    "QwenocrError",
    "RefusedForNow",
    "Region",
    "RejectedInput",
    "Reply",
    "Request",
    "RequestOptions",
    "Retryable",
    "Rules",
    "RunRefused",
    "SentAs",
    "ServiceDown",
    "ServiceError",
    "ServiceFault",
    "Started",
    "Streaming",
    "Sureness",
    "Task",
    "TaskSpec",
    "Throttled",
    "ThrottledBurst",
    "Tokens",
    "Unfunded",
    "Unreadable",
    "UploadExpired",
    "Usage",
    "WholePdf",
    "Word",
    "load_catalogue",
    "region_at",
]
