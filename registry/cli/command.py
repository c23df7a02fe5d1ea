"""
What every command has in common: its options, its answer, its exit status, its example.

A command is a function of a session and of what was typed. It answers with one mapping, several, or `Told` where the answer is not
good news; what it raises becomes an exit status and a sentence:

    0  done
    1  refused, and nothing changed; NOT_VALID
    2  wrong usage: an option, setting or file
    3  unreachable: nothing happened, try again; UNKNOWN and STALE
    4  outcome unknown: it may have happened. Repeat the same command: it is never done twice
    5  differences found: an audit's, or a document that says something else than was asked, which was not signed
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Flag, IntEnum, auto
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from registry.chain.deploy import WrongDeployment
from registry.cli.screen import Screen
from registry.cli.session import Session
from registry.cli.settings import Lang, SettingRefused, Settings
from registry.cli.words import FAILURES
from registry.codec import CodecError
from registry.errors import OutcomeUnknown, Rejected, TongquanError, Unreachable
from registry.files import FileTaken
from registry.hsm import HsmUnavailable
from registry.index import ChainReplaced, IndexBusy, IndexRefused
from registry.keystore import KeyFileExists, KeyFileMissing
from registry.outbox import SignerSilent
from registry.refusal_words import MONEY_OF_REFUSALS, why_refused


class Exit(IntEnum):
    """Exit statuses, as above."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    UNKNOWN = 4
    DIFFERENT = 5


@dataclass(frozen=True, slots=True)
class Told:
    """An answer with another exit status than 0."""

    body: Mapping[str, Any]
    exit: Exit


class Differs(TongquanError):
    """Something differs from what was asked or published; nothing was signed or sent."""

    def __init__(self, code: str, message: str, values: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        self.values = values


class Uses(Flag):
    """What a command needs, which decides what options it has."""

    NOTHING = 0
    NODE = auto()
    GATEWAY = auto()
    KEY = auto()
    DOMAIN = auto()
    PASSWORD = auto()
    DEVICE = auto()
    KEY_IN_DEVICE = auto()


Answer = Mapping[str, Any] | Iterable[Mapping[str, Any]] | Told | None

PANEL = "通用选项 Common options"
"""Where help shows the options that many commands have."""


# How help names what stands behind an option, by the option's last word.
_METAVARS: Mapping[str, str] = {"fd": "NUMBER", "folder": "FOLDER", "label": "NAME", "token": "NAME", "url": "URL"}


class _Command(TyperCommand):
    """Help names what is typed in its place by its name alone, without Python's type behind it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        told: list[Any] = [each for each in self.params if each.param_type_name == "argument"]
        for each in told:
            each.display_type_rich = lambda ctx: None  # noqa: ARG005 - what typer asks with


def _option(name: str, about: str) -> Any:
    variable = None if name == "--json" else "TONGQUAN_" + name.removeprefix("--").replace("-", "_").upper()
    metavar = None if name in ("--json", "--lang") else _METAVARS.get(name.rpartition("-")[2], "FILE")
    return typer.Option(name, help=about, envvar=variable, metavar=metavar, rich_help_panel=PANEL, show_default=False)


def _of(setting: str) -> str:
    told = Settings.__dataclass_fields__[setting].metadata
    return f"{told['zh']}。 {told['en'][0].upper()}{told['en'][1:]}."


_DEPLOYMENT = {"deployment": Annotated[Path | None, _option("--deployment", _of("deployment"))]}
_PASSWORD = {
    "password_file": Annotated[Path | None, _option("--password-file", _of("password_file"))],
    "password_fd": Annotated[int | None, _option("--password-fd", _of("password_fd"))],
}
_DEVICE = {
    "pkcs11_module": Annotated[Path | None, _option("--pkcs11-module", _of("pkcs11_module"))],
    "pkcs11_token": Annotated[str | None, _option("--pkcs11-token", _of("pkcs11_token"))],
    "pin_file": Annotated[Path | None, _option("--pin-file", _of("pin_file"))],
}
_OPTIONS: Mapping[Uses, dict[str, Any]] = {
    Uses.NODE: {"node_url": Annotated[str | None, _option("--node-url", _of("node_url"))]} | _DEPLOYMENT,
    Uses.GATEWAY: {
        "gateway_url": Annotated[str | None, _option("--gateway-url", _of("gateway_url"))],
        "api_key_file": Annotated[Path | None, _option("--api-key-file", _of("api_key_file"))],
    },
    Uses.DOMAIN: _DEPLOYMENT,
    Uses.KEY: {"keystore": Annotated[Path | None, _option("--keystore", _of("keystore"))]} | _PASSWORD,
    Uses.PASSWORD: _PASSWORD,
    Uses.DEVICE: _DEVICE,
    Uses.KEY_IN_DEVICE: _DEVICE | {"pkcs11_label": Annotated[str | None, _option("--pkcs11-label", _of("pkcs11_label"))]},
}
_ALWAYS: dict[str, Any] = {
    "state_folder": Annotated[Path | None, _option("--state-folder", _of("state_folder"))],
    "config": Annotated[Path | None, _option("--config", "配置文件。 Configuration file.")],
    "lang": Annotated[Lang | None, _option("--lang", _of("lang"))],
    "as_json": Annotated[bool, _option("--json", "每行输出一个 JSON 对象。 One JSON object a line.")],
}


def group(about: str) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(no_args_is_help=True, help=about, rich_markup_mode=None)


def command(of: typer.Typer, name: str, *, example: str, uses: Uses = Uses.NOTHING) -> Callable[[Callable[..., Answer]], Any]:
    """Make a function of a session a command, with the options that it needs and an example that runs."""
    options = {key: each for use, several in _OPTIONS.items() if use in uses for key, each in several.items()} | _ALWAYS

    def register(act: Callable[..., Answer]) -> Callable[..., Answer]:
        @wraps(act)
        def run(**typed: Any) -> None:
            _, _, path = typed.pop("context").command_path.partition(" ")
            common = {key: typed.pop(key) for key in options}
            raise typer.Exit(_carry_out(act, path, common, typed))

        signature = inspect.signature(act, eval_str=True)
        own = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in list(signature.parameters.values())[1:]]
        added = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=False if key == "as_json" else None, annotation=annotation)
            for key, annotation in options.items()
        ]
        added.append(inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context))
        run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined] # what typer reads
        run.__annotations__ = {each.name: each.annotation for each in (*own, *added)}
        of.command(name, cls=_Command, help=inspect.cleandoc(act.__doc__ or ""), epilog=example)(run)
        return act

    return register


def _carry_out(act: Callable[..., Answer], path: str, common: dict[str, Any], typed: dict[str, Any]) -> Exit:
    config, as_json = common.pop("config"), common.pop("as_json")
    screen = Screen(as_json=as_json, lang=common["lang"] or Lang.ZH, command=path)
    try:
        settings = Settings.read(common, config)
        screen = Screen(as_json=as_json, lang=settings.lang or Lang.ZH, command=path)
        session = Session(settings, screen)
        try:
            return _answer(screen, act(session, **typed))
        finally:
            session.close()
    except TongquanError as failure:
        return explain(screen, failure)
    except OSError as failure:
        if failure.filename is None:
            raise
        sentence = screen.words(f"无法读写 {failure.filename}。", f"{failure.filename} cannot be read or written: {failure.strerror}.")
        screen.refusal("FileUnusable", "usage", sentence, {})
        return Exit.USAGE


def _answer(screen: Screen, found: Answer) -> Exit:
    if found is None:
        return Exit.DONE
    if isinstance(found, Told):
        screen.answer(found.body)
        return found.exit
    if isinstance(found, Mapping):
        screen.answer(found)
    else:
        screen.answers(found)
    return Exit.DONE


def explain(screen: Screen, failure: TongquanError) -> Exit:
    """Tell a failure by its family, and which exit status that is."""
    from registry.conformance.refusals import WrongGateway  # noqa: PLC0415 - as in `registry.cli.session`
    from registry.gateway_client import CertificatesUnreadable, ProxyUnusable, RefusedByGateway, UnsafeAddress  # noqa: PLC0415 - as above

    message = _message(screen, failure)
    match failure:
        case (
            SettingRefused()
            | UnsafeAddress()
            | CertificatesUnreadable()
            | ProxyUnusable()
            | WrongGateway()
            | FileTaken()
            | KeyFileExists()
            | KeyFileMissing()
        ):
            screen.refusal(type(failure).__name__, "usage", message, {})
            return Exit.USAGE
        case Differs():
            screen.refusal(failure.code, "different", message, failure.values)
            return Exit.DIFFERENT
        case CodecError() | WrongDeployment() | ChainReplaced():
            sentence = screen.words(
                "与所要求或所公布的不符，未签名、未发送。", "It differs from what was asked or published; nothing was signed."
            )
            screen.refusal(type(failure).__name__, "different", f"{sentence} {message}", {})
            return Exit.DIFFERENT
        case RefusedByGateway():
            sentence = " ".join(screen.told(each) for each in (failure.detail, failure.title) if each)
            screen.refusal(failure.code, "rejected", sentence, failure.values)
            return Exit.REFUSED
        case Rejected():
            zh, en = why_refused(failure.code, failure.values)
            sentence = screen.words(f"{zh}未发生任何变化。", f"{en} Nothing changed.")
            values = {name: _in_json(name, each) for name, each in failure.values.items()}
            screen.refusal(failure.code, "rejected", sentence, values)
            return Exit.REFUSED
        case IndexBusy():
            sentence = screen.words("索引正被运行中的网关或另一命令使用，未作任何改动。", "The index is in use; nothing was done.")
            screen.refusal("IndexBusy", "unreachable", f"{sentence} {message}", {"file": failure.path})
            return Exit.UNREACHABLE
        case HsmUnavailable() | SignerSilent():
            sentence = screen.words(
                "签名设备无应答；未发生任何变化，可重试。", "The signing device did not sign; nothing happened, try again."
            )
            screen.refusal("DeviceUnavailable", "unreachable", f"{sentence} {message}", {})
            return Exit.UNREACHABLE
        case Unreachable():
            sentence = screen.words("无应答；未发生任何变化，可重试。", "No answer; nothing happened, try again.")
            screen.refusal("Unreachable", "unreachable", f"{sentence} {message}", {})
            return Exit.UNREACHABLE
        case OutcomeUnknown():
            sentence = screen.words(
                "结果尚不确定，可能已经生效；请重复同一命令，不会重复办理。",
                "It may have happened; repeat the same command, it is never done twice.",
            )
            screen.refusal("OutcomeUnknown", "outcome_unknown", f"{sentence} {message}", {"transaction": failure.transaction})
            return Exit.UNKNOWN
        case IndexRefused():
            screen.refusal(type(failure).__name__, "different", message, {})
            return Exit.DIFFERENT
        case _:
            screen.refusal(type(failure).__name__, "rejected", message, {})
            return Exit.REFUSED


def _message(screen: Screen, failure: TongquanError) -> str:
    zh = FAILURES.get(type(failure).__name__)
    return screen.told(str(failure)) if zh is None else screen.words(zh, str(failure))


def _in_json(name: str, value: Any) -> Any:
    # Money is a decimal string of fen in every answer.
    return str(value) if name in MONEY_OF_REFUSALS and isinstance(value, int) else value
