"""The service's temporary storage: a policy, a form post, and an `oss://` address that only a call may read.

As the product's page on temporary file addresses has it: a policy is for one model and a few minutes, a file is
kept for 48 hours, and asking for policies is limited to 100 a second and model.
"""

import base64
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson

from qwenocr_assets.emulator.account import SlidingWindow
from qwenocr_assets.engine.wire.errors import ErrorCode, WireError, invalid_parameter
from qwenocr_assets.engine.wire.values import JsonObject

FORM_PATH = "/emulator/oss"
POLICY_SECONDS = 300
FILE_SECONDS = 48 * 3600
MAX_FILE_MB = 100
POLICIES_PER_SECOND = 100


@dataclass(frozen=True, slots=True)
class _Policy:
    model: str
    folder: str
    ends_at: float


@dataclass(frozen=True, slots=True)
class _File:
    model: str
    data: bytes
    ends_at: float


class UploadRefused(Exception):
    """The storage's own refusal of a form: an HTTP status, a code and a message, written as XML."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def as_xml(self) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.code}</Code><Message>{self}</Message><RequestId>{uuid.uuid4().hex}</RequestId></Error>"
        )


class Uploads:
    """The files of one account. `now` is in seconds of the event loop's clock."""

    def __init__(self) -> None:
        self._policies: dict[str, _Policy] = {}
        self._files: dict[str, _File] = {}
        self._asked: dict[str, SlidingWindow] = {}

    def policy(self, model: str, base_url: str, now: float) -> JsonObject:
        """Leave to post files for a model, as the service's JSON. Raises WireError above the rate limit."""
        asked = self._asked.setdefault(model, SlidingWindow(1))
        if asked.total(now) >= POLICIES_PER_SECOND:
            raise WireError(ErrorCode.RATE_QUOTA, "Requests rate limit exceeded, please try again later.")
        asked.add(now, 1)
        self._policies = {s: p for s, p in self._policies.items() if p.ends_at > now}
        granted = _Policy(model, f"dashscope-instant/emulator/{uuid.uuid4().hex}", now + POLICY_SECONDS)
        signature = uuid.uuid4().hex
        self._policies[signature] = granted
        conditions = {"conditions": [["starts-with", "$key", granted.folder]]}
        return {
            "request_id": str(uuid.uuid4()),
            "data": {
                "policy": base64.b64encode(orjson.dumps(conditions)).decode(),
                "signature": signature,
                "upload_dir": granted.folder,
                "upload_host": f"{base_url}{FORM_PATH}",
                "expire_in_seconds": POLICY_SECONDS,
                "max_file_size_mb": MAX_FILE_MB,
                "capacity_limit_mb": 999_999_999,
                "oss_access_key_id": "emulator",
                "x_oss_object_acl": "private",
                "x_oss_forbid_overwrite": "true",
            },
        }

    def store(self, signature: str, key: str, data: bytes, now: float, *, forbid_overwrite: bool) -> None:
        """Keep one posted file. Raises UploadRefused."""
        policy = self._policies.get(signature)
        if policy is None:
            raise UploadRefused(403, "SignatureDoesNotMatch", "The signature belongs to no policy.")
        if policy.ends_at <= now:
            raise UploadRefused(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
        if not key.startswith(f"{policy.folder}/"):
            raise UploadRefused(
                403, "AccessDenied", "Invalid according to Policy: the key is outside the folder."
            )
        if len(data) > MAX_FILE_MB * 1024 * 1024:
            raise UploadRefused(
                400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size."
            )
        self._files = {k: file for k, file in self._files.items() if file.ends_at > now}
        if forbid_overwrite and key in self._files:
            raise UploadRefused(409, "FileAlreadyExists", "The object you specified already exists.")
        self._files[key] = _File(policy.model, data, now + FILE_SECONDS)

    def fetch(self, url: str, model: str, now: float, *, may_resolve: bool) -> bytes:
        """The file behind an `oss://` address. Raises WireError, as the service answers a call with it."""
        if not may_resolve:
            raise invalid_parameter(
                "The provided URL does not appear to be valid. "
                "An oss:// address needs the header X-DashScope-OssResourceResolve: enable."
            )
        parts = urlsplit(url)
        file = self._files.get(f"{parts.netloc}{parts.path}")
        if file is None or file.ends_at <= now or file.model != model:
            raise invalid_parameter("Failed to download multimodal content.")
        return file.data
