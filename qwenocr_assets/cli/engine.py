"""`qwenocr engine …`: the embedded engine on a port, alone or as an emulated account of the service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qwenocr_assets.cli.terminal import Terminal

if TYPE_CHECKING:
    from qwenocr_assets.engine.app import Shapes

engine_app = typer.Typer(help="The embedded OCR engine.", no_args_is_help=True)


@engine_app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8765,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    rpm: Annotated[int | None, typer.Option(min=1, help="Requests per minute of each model.")] = None,
    tpm: Annotated[int | None, typer.Option(min=1, help="Tokens per minute of each model.")] = None,
    faults: Annotated[Path | None, typer.Option(help="TOML file that says what goes wrong when.")] = None,
    latency: Annotated[float | None, typer.Option(min=0, help="Seconds until an answer.")] = None,
    jitter: Annotated[
        float, typer.Option(min=0, max=1, help="Spread the latency by ± this share of it.")
    ] = 0.0,
    region: Annotated[
        str | None, typer.Option(help="Offer and bill the models of this cloud region.")
    ] = None,
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=1, help="Seconds after which a whole answer is given up.")
    ] = 600.0,
    shape: Annotated[
        list[str] | None,
        typer.Option(help="MODEL=SHAPE: how a model's answers differ from the guide's; may be given again."),
    ] = None,
    corrupt: Annotated[
        float,
        typer.Option(min=0, max=1, help="Plant errors in this share of the values, to try the review on."),
    ] = 0.0,
) -> None:
    """Serve the embedded engine over HTTP, in the wire format of the service.

    With --rpm, --tpm, --faults, --latency or --region it behaves like an account of the service: with limits, faults
    and a bill (docs/emulator.md).
    """
    import uvicorn

    from qwenocr_assets import emulator
    from qwenocr_assets.engine.app import create_app, with_short_paths

    console = Terminal()
    served: emulator.AsgiApp = create_app(
        shapes=_shapes(shape or []),
        revise=emulator.Corruption(corrupt, keep_notes=False) if corrupt else None,
    )
    is_emulated = (rpm, tpm, faults, latency, region) != (None,) * 5
    if is_emulated:
        served = emulator.create_emulator(
            served,
            account=emulator.AccountLimits(rpm, tpm),
            faults=emulator.read_fault_file(faults) if faults else emulator.no_faults,
            latency=emulator.jittered(latency or 0.0, jitter),
            region=region or "singapore",
            service_seconds=time_limit,
        )
    address = f"http://{host}:{port}"
    console.print(f"Native:  {address}/api/v1\nOpenAI:  {address}/v1 (or {address}/compatible-mode/v1)")
    if is_emulated:
        console.print(f"Bill:    {address}/emulator/bill\nCalls:   {address}/emulator/calls")
    # anyone who reaches `host` may use it: no key is checked
    uvicorn.run(with_short_paths(served), host=host, port=port)


def _shapes(said: list[str]) -> "Shapes":
    """The shapes by model; without any, those that models are known for. Raises `typer.BadParameter`."""
    from qwenocr_assets.engine.app import SHAPES_BY_MODEL, Shape

    if not said:
        return SHAPES_BY_MODEL
    found: dict[str, list[Shape]] = {}
    for one in said:
        model, _, name = one.partition("=")
        if name not in list(Shape):
            raise typer.BadParameter(
                f"{one}: write MODEL=SHAPE with one of {', '.join(Shape)}.", param_hint="--shape"
            )
        found.setdefault(model, []).append(Shape(name))
    return found
