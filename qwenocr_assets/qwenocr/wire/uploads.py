"""Temporary uploads: a policy from the service, a form post to its storage, an `oss://` address back.

Meant for images between the base64 limit and 10 MB. The service offers it in Beijing, keeps files for 48 hours, binds
them to the model, and advises against it in production (product guide, page Temporary file URL; form as the
official SDK sends it).
"""

import hashlib
import time
from typing import Any

import httpx
import orjson

from qwenocr_assets.qwenocr.errors import RunRefused, ServiceFault, classify
from qwenocr_assets.qwenocr.images import ImageBytes

_POLICY_PATH = "/uploads"
_MARGIN_SECONDS = 30.0
"""A policy this near its end is not used any more."""

_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/tiff": "tiff"}
_FORM = {
    "OSSAccessKeyId": "oss_access_key_id",
    "Signature": "signature",
    "policy": "policy",
    "x-oss-object-acl": "x_oss_object_acl",
    "x-oss-forbid-overwrite": "x_oss_forbid_overwrite",
}
"""Form fields and where the policy gives their values."""


class Uploads:
    """Uploads images for one model. A policy is used until it is about to expire."""

    def __init__(self, http: httpx.AsyncClient, native_url: str, headers: dict[str, str], model: str) -> None:
        self._http = http
        self._url = f"{native_url}{_POLICY_PATH}"
        self._headers = headers
        self._model = model
        self._policy: dict[str, Any] = {}
        self._good_until = 0.0

    async def upload(self, image: ImageBytes) -> str:
        """Upload an image; its `oss://` address. The same bytes have the same name and are stored once.

        Raises:
            ServiceError: the service gave no policy, or its storage refused the image.
            httpx.TransportError: the network failed.
        """
        policy = await self._current_policy()
        name = f"{hashlib.sha256(image.data).hexdigest()}.{_EXTENSIONS.get(image.media_type, 'img')}"
        key = f"{policy['upload_dir']}/{name}"
        fields = {name: str(policy[source]) for name, source in _FORM.items()}
        form = {**fields, "key": key, "success_action_status": "200", "x-oss-content-type": image.media_type}
        request = self._http.build_request(
            "POST",
            str(policy["upload_host"]),
            data=form,
            files={"file": (name, image.data)},
            headers={"Accept": "application/json"},
        )
        await request.aread()  # storage wants a length, not chunks
        response = await self._http.send(request)
        is_there_already = response.status_code == 409 and "FileAlreadyExists" in response.text
        if response.status_code != 200 and not is_there_already:
            message = f"the storage refused the upload: {' '.join(response.text[:200].split())}"
            raise classify(ServiceFault(response.status_code, "", message))
        return f"oss://{key}"

    def forget_policy(self) -> None:
        """Ask for a new policy next time."""
        self._good_until = 0.0

    async def _current_policy(self) -> dict[str, Any]:
        if time.monotonic() < self._good_until:
            return self._policy
        query = {"action": "getPolicy", "model": self._model}
        response = await self._http.get(self._url, params=query, headers=self._headers)
        try:
            body = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            body = None
        policy = body.get("data") if isinstance(body, dict) else None
        wanted = {"upload_dir", "upload_host", *_FORM.values()}
        if response.status_code != 200 or not isinstance(policy, dict) or not wanted <= policy.keys():
            source = body if isinstance(body, dict) else {}
            fault = ServiceFault(
                response.status_code, str(source.get("code") or ""), str(source.get("message") or "no policy")
            )
            if response.status_code == 200:
                raise RunRefused(fault, "This region gives no temporary uploads: send smaller images.")
            raise classify(fault)
        self._policy = policy
        seconds = policy.get("expire_in_seconds")
        life = float(seconds) if isinstance(seconds, int | float) else 0.0
        self._good_until = time.monotonic() + max(0.0, life - _MARGIN_SECONDS)
        return self._policy
