"""The models that an emulated account is offered, as calls meet them and as the service lists them.

The list: the product's page on listing models, as of 2026-09-04. The form of the quotas is written down nowhere; what
is given here is a guess that the real one may not keep.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from qwenocr_assets.engine.wire.values import JsonObject
from qwenocr_assets.qwenocr.catalogue import Model, load_catalogue

_MOST_A_PAGE = 100


class Offered:
    """The models of one region: those of the catalogue, or others that are given."""

    def __init__(self, region: str, models: Iterable[Model] | None = None) -> None:
        catalogue = load_catalogue()
        self._models: Sequence[Model] = (
            catalogue.models_in(region) if models is None else [m for m in models if m.region == region]
        )
        self._embedded = catalogue.models_in("local")

    def model(self, name: str) -> Model | None:
        """The model of this name, or else the embedded one (at no price); None for neither."""
        return next((model for model in (*self._models, *self._embedded) if model.is_called(name)), None)

    def page(self, number: int, size: int, name: str | None = None) -> JsonObject:
        """A page of the list, or of the models of one name; the first page is 1."""
        size = min(max(size, 1), _MOST_A_PAGE)
        named = [model for model in self._models if name is None or model.is_called(name)]
        shown = named[(number - 1) * size : number * size]
        return {
            "page_no": number,
            "page_size": size,
            "total": len(named),
            "models": [_listed(model) for model in shown],
        }

    def quotas(self) -> JsonObject:
        """Requests and tokens a minute of each model."""
        return {
            "quotas": [
                {"model": m.name, "rpm": m.requests_per_minute, "tpm": m.tokens_per_minute}
                for m in self._models
            ]
        }


def _listed(model: Model) -> JsonObject:
    unit = "USD/1M tokens"
    prices = {"input_token": model.usd_per_million_input, "output_token": model.usd_per_million_output}
    return {
        "model": model.name,
        "published_time": (model.valid_from or date.min).isoformat(),
        "model_info": {
            "context_window": model.context_tokens,
            "max_input_tokens": model.max_input_tokens,
            "max_output_tokens": model.max_output_tokens,
        },
        "prices": [
            {
                "prices": [
                    {"type": kind, "price": str(usd), "price_unit": unit} for kind, usd in prices.items()
                ]
            }
        ],
        "features": ["batch"] if model.batch_discount is not None else [],
        **({"equivalent_snapshot": model.stands_for} if model.stands_for else {}),
    }
