"""The client on its own: everything its users need, in one place. `docs/client.md` shows how to use it.

It is no part of the package's `__init__`, so that who needs only a task's name does not load the network.
"""

from qwenocr_assets.qwenocr.answers import Answer, Usage, Word
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model, load_catalogue
from qwenocr_assets.qwenocr.client import OcrClient, open_client
from qwenocr_assets.qwenocr.errors import (
    FetchFailed,
    NotOffered,
    PageRefused,
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
from qwenocr_assets.qwenocr.images import ImageAt, ImageBytes, SentAs
from qwenocr_assets.qwenocr.purse import Hold, Purse
from qwenocr_assets.qwenocr.regions import Protocol, Region, region_at
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Request, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task

__all__ = [
    "Answer",
    "Catalogue",
    "FetchFailed",
    "Hold",
    "ImageAt",
    "ImageBytes",
    "Model",
    "NotOffered",
    "OcrClient",
    "PageRefused",
    "Protocol",
    "Purse",
    "Region",
    "Reply",
    "Request",
    "RequestOptions",
    "Retryable",
    "RunRefused",
    "SentAs",
    "ServiceDown",
    "ServiceError",
    "ServiceFault",
    "Task",
    "Throttled",
    "ThrottledBurst",
    "Unfunded",
    "Unreadable",
    "UploadExpired",
    "Usage",
    "Word",
    "load_catalogue",
    "open_client",
    "region_at",
]
