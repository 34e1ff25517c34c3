"""The client: its connections, and the questions that go over them."""

import asyncio
import os
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx

from qwenocr_assets.qwenocr.asker import Asker
from qwenocr_assets.qwenocr.catalogue import Catalogue, Model, load_catalogue
from qwenocr_assets.qwenocr.images import Page, SentAs, image_of
from qwenocr_assets.qwenocr.keys import Key, key_among, require_fit, usable_key
from qwenocr_assets.qwenocr.limits.calls import Calls
from qwenocr_assets.qwenocr.limits.limiter import Limiter
from qwenocr_assets.qwenocr.limits.pace import AccountLimits
from qwenocr_assets.qwenocr.options import ClientOptions
from qwenocr_assets.qwenocr.purse import OpenPurse, Purse
from qwenocr_assets.qwenocr.regions import Region
from qwenocr_assets.qwenocr.replies import Reply
from qwenocr_assets.qwenocr.requests import Request, RequestOptions
from qwenocr_assets.qwenocr.tasks import Task
from qwenocr_assets.qwenocr.wire.endpoint import Endpoint
from qwenocr_assets.qwenocr.wire.redaction import Redactor
from qwenocr_assets.qwenocr.wire.transport import open_http, transport_to
from qwenocr_assets.qwenocr.wire.uploads import Uploads


class Client:
    """Asks one model of one region, while it is open: `async with Client("singapore") as client: …`.

    `region` and `model` are names of the catalogue or entries of it; without `model` it is the region's pinned one.
    The key is a text; without one it is taken from `DASHSCOPE_API_KEY_<REGION>` or `DASHSCOPE_API_KEY`. Region local
    needs none: the embedded engine reads inside this process, where its extra is installed.

    `purse` is asked for money before each call. `shared_calls` shares the account's limits with other processes.
    `tell` hears of waits of a minute and more.
    `catalogue` is where names are looked up, if not in the one that ships. `transport` takes the network's place, and
    then a key is not demanded.

    It never raises for what the service or the network does: a fault becomes a reply with an error. Only `RunRefused`
    is meant to stop the caller.

    Raises:
        ConfigurationError: a region or model that does not exist, or (`MissingApiKey`) no key for the region.
    """

    def __init__(
        self,
        region: str | Region,
        model: str | Model | None = None,
        key: Key | None = None,
        *,
        options: ClientOptions | None = None,
        purse: Purse | None = None,
        shared_calls: Calls | None = None,
        catalogue: Catalogue | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._catalogue = catalogue or load_catalogue()
        self.region = self._catalogue.region(region) if isinstance(region, str) else region
        self.region.require_host()
        self.model = model if isinstance(model, Model) else self._catalogue.model(self.region.name, model)
        self._key = usable_key(key, "The given key")
        if self._key is None and transport is None:
            self._key = key_among(self.region.name, os.environ)
        require_fit(self._key, self.region.host)
        self._options = options or ClientOptions()
        self._purse = purse or OpenPurse()
        self._shared_calls = shared_calls
        self._transport = transport
        self._tell = tell
        self._http: httpx.AsyncClient | None = None
        self._asker: Asker | None = None

    def __repr__(self) -> str:
        return f"Client({self.region.name!r}, {self.model.name!r})"

    async def __aenter__(self) -> Self:
        """Open it. Raises `ConfigurationError` for region local where the embedded engine is not installed."""
        region, model, options = self.region, self.model, self._options
        secret = self._key.get_secret_value() if self._key is not None else ""
        headers = {**region.headers, **({"Authorization": f"Bearer {secret}"} if secret else {})}
        in_flight, seconds = options.in_flight(region), options.answer_seconds(region)
        redact = Redactor([secret])
        requests = [n for n in (model.requests_per_minute, region.at.requests_per_minute) if n is not None]
        self._http = http = open_http(
            concurrency=in_flight,
            timeout_seconds=seconds,
            transport=self._transport or (transport_to(region.app) if region.app else None),
        )
        self._asker = Asker(
            model,
            Endpoint(http, region.generation_url, region.protocol, headers, redact, seconds=seconds),
            Limiter(
                AccountLimits(min(requests, default=None), model.tokens_per_minute),
                max_in_flight=in_flight,
                calls=self._shared_calls,
                tell=self._tell,
            ),
            protocol=region.protocol,
            uploads=Uploads(http, region.native_url, headers, model.name, redact, seconds=seconds)
            if region.offers_uploads
            else None,
            purse=self._purse,
            streaming=options.streaming(region),
            max_attempts=options.max_attempts,
            catalogue=self._catalogue,
            tell=self._tell,
            is_local=region.is_local,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        http, self._http, self._asker = self._http, None, None
        if http is not None:
            await http.aclose()

    async def read(
        self, page: Page, task: Task, options: RequestOptions | None = None, *, send_as: SentAs | None = None
    ) -> Reply:
        """Read one page: the path of an image, its content, or an address from which the service fetches it.

        The page is sent as it is: turned as its file stores it, and no smaller than it is.

        Raises:
            OSError: the file cannot be read.
            RejectedInput: it is no image that the service reads, or an address that it cannot fetch.
            ConfigurationError: as `ask` does.
        """
        image = await asyncio.to_thread(image_of, page)
        return await self.ask(Request(image, task, options or RequestOptions()), send_as=send_as)

    async def ask(self, request: Request, request_key: str = "", *, send_as: SentAs | None = None) -> Reply:
        """Ask one question, again while that may help, and return what came of it.

        `request_key` names the question to the purse. `send_as` overrides how the image travels.

        Raises:
            ConfigurationError: the model cannot do this task, or these options cannot be; nothing was sent.
        """
        return await self._open_asker().ask(request, request_key, send_as=send_as)

    def stop(self) -> None:
        """Send no further call. Who waits for one is cancelled; what is under way goes on to its end."""
        self._open_asker().stop()

    def _open_asker(self) -> Asker:
        if self._asker is None:
            raise RuntimeError(f"{self!r} is not open: use it inside `async with {self!r} as client:`")
        return self._asker
