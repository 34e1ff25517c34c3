"""Temporary uploads: a policy from the service, a form post to its storage, an `oss://` address back.

Meant for images between the base64 limit and 10 MB. The service offers it in Beijing, keeps files for 48 hours, binds
them to the model, and advises against it in production (product guide, page Temporary file URL; form as the
official SDK sends it).
"""

import hashlib
import time
from typing import Any

import httpx

from qwenocr_assets.qwenocr.errors import ServiceFault, Unreadable, classify
from qwenocr_assets.qwenocr.images import FileBytes
from qwenocr_assets.qwenocr.pdfs import PDF
from qwenocr_assets.qwenocr.wire.bodies import fault_in, parsed
from qwenocr_assets.qwenocr.wire.exchange import Received, exchange
from qwenocr_assets.qwenocr.wire.redaction import Redactor

_POLICY_PATH = "/uploads"
_EXCERPT_CHARACTERS = 200
_MARGIN_SECONDS = 30.0
"""A policy this near its end is not used any more."""

_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/tiff": "tiff",
    PDF: "pdf",
}
_FORM = {
    "OSSAccessKeyId": "oss_access_key_id",
    "Signature": "signature",
    "policy": "policy",
    "x-oss-object-acl": "x_oss_object_acl",
    "x-oss-forbid-overwrite": "x_oss_forbid_overwrite",
}
"""Form fields and where the policy gives their values."""


class Uploads:
    """Uploads images for one model. A policy is used until it is about to expire.

    `seconds` is the longest that each of the two calls may take.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        native_url: str,
        headers: dict[str, str],
        model: str,
        redact: Redactor,
        *,
        seconds: float,
    ) -> None:
        self._http = http
        self._redact = redact
        self._seconds = seconds
        self._url = f"{native_url}{_POLICY_PATH}"
        self._headers = headers
        self._model = model
        self._policy: dict[str, Any] = {}
        self._good_until = 0.0

    async def upload(self, image: FileBytes) -> str:
        """Upload an image or a PDF; its `oss://` address. The same bytes have the same name and are stored once.

        Raises:
            ServiceError: the service gave no policy, its storage refused the image, or the network failed.
        """
        policy = await self._current_policy()
        name = f"{hashlib.sha256(image.data).hexdigest()}.{_EXTENSIONS.get(image.media_type, 'img')}"
        key = f"{policy['upload_dir']}/{name}"
        fields = {name: str(policy[source]) for name, source in _FORM.items()}
        form = {**fields, "key": key, "success_action_status": "200", "x-oss-content-type": image.media_type}
        received = await self._sent(
            "POST",
            str(policy["upload_host"]),
            data=form,
            files={"file": (name, image.data)},
            headers={"Accept": "application/json"},
        )
        is_there_already = received.status == 409 and "FileAlreadyExists" in received.text
        if received.status != 200 and not is_there_already:
            said = " ".join(received.text[:_EXCERPT_CHARACTERS].split())
            message = self._redact.message(f"the storage refused the upload: {said}")
            raise classify(ServiceFault(received.status, "", message))
        return f"oss://{key}"

    def forget_policy(self) -> None:
        """Ask for a new policy next time."""
        self._good_until = 0.0

    async def _current_policy(self) -> dict[str, Any]:
        if time.monotonic() < self._good_until:
            return self._policy
        query = {"action": "getPolicy", "model": self._model}
        received = await self._sent("GET", self._url, params=query, headers=self._headers)
        body = parsed(received.content)
        policy = body.get("data") if isinstance(body, dict) else None
        wanted = {"upload_dir", "upload_host", *_FORM.values()}
        if received.status != 200 or not isinstance(policy, dict) or not wanted <= policy.keys():
            fault = fault_in(received.status, body, self._redact, "no policy")
            if received.status == 200:
                raise Unreadable(
                    fault, "If it stays so, this region gives no temporary uploads: send smaller images."
                )
            raise classify(fault)
        self._policy = policy
        seconds = policy.get("expire_in_seconds")
        life = float(seconds) if isinstance(seconds, int | float) else 0.0
        self._good_until = time.monotonic() + max(0.0, life - _MARGIN_SECONDS)
        return self._policy

    async def _sent(self, method: str, url: str, **arguments: Any) -> Received:
        """Raises `ServiceError` for what did not come whole, and for an address that is none."""
        try:
            request = self._http.build_request(method, url, **arguments)
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            message = f"the upload has no usable address ({type(error).__name__})"
            raise Unreadable(ServiceFault(200, "", message)) from error
        await request.aread()  # storage wants a length, not chunks
        received = await exchange(self._http, request, self._redact, seconds=self._seconds)
        return received.whole()
