"""
What a command asks for, made when it first asks: node, deployment, gateway, key, stored requests.

Nothing is opened that a command does not need, so that an auditor needs no key and a lab no node.
"""

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from registry.chain.deploy import Deployment, verify
from registry.chain.node import Node
from registry.cli.parsing import address
from registry.cli.requests import Requests
from registry.cli.screen import Screen
from registry.cli.settings import SettingRefused, Settings, default_state_folder, secret_in
from registry.client import Client, Done
from registry.codec import Domain
from registry.files import write_new
from registry.getters import Getter
from registry.hsm import Hsm
from registry.index import Index, Snapshot, hold
from registry.keystore import KeyAccount, load_key
from registry.model import Address
from registry.outbox import Outbox
from registry.ports import SigningAccount

if TYPE_CHECKING:
    from registry.gateway_client import GatewayClient

V = TypeVar("V")

FINAL_WITHIN_SECONDS = 120.0


class Session:
    """One command's settings and what follows from them. Close it, or use it as a context manager."""

    def __init__(self, settings: Settings, screen: Screen) -> None:
        self.settings = settings
        self.screen = screen
        self._open = ExitStack()

    def close(self) -> None:
        """Close whatever was opened."""
        self._open.close()

    # What was told

    def told(self, name: str) -> Any:
        """
        A setting.

        Raises:
            SettingRefused: nobody told it.
        """
        value = getattr(self.settings, name)
        if value is None:
            option = "--" + name.replace("_", "-")
            raise SettingRefused(
                name,
                f"请用 {option}、环境变量 TONGQUAN_{name.upper()} 或配置文件的 {name} 项指明。",
                f"Name it by {option}, TONGQUAN_{name.upper()}, or {name} in the configuration file.",
            )
        return value

    @cached_property
    def state_folder(self) -> Path:
        """The folder of stored requests, outbox and index; only its owner can look into it."""
        folder = self.settings.state_folder or default_state_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    # The node's side

    @cached_property
    def deployment(self) -> Deployment:
        """Where the contracts are."""
        path: Path = self.told("deployment")
        try:
            return Deployment.from_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError, KeyError) as unreadable:
            raise SettingRefused("deployment", f"{path} 不是部署文件。", f"{path} is no deployment file: {unreadable!r}") from unreadable

    @cached_property
    def bare_node(self) -> Node:
        """A node, before there is a deployment on it."""
        return Node(self.told("node_url"))

    @cached_property
    def node(self) -> Node:
        """
        The node, once its chain was found to be the deployment's.

        Raises:
            WrongDeployment: it is another chain, or other contracts stand there.
            Unreachable: it does not answer.
        """
        verify(self.bare_node, self.deployment)
        return self.bare_node

    def read(self, getter: Getter[V], *arguments: Any) -> V:
        """What a contract answers as of the newest final block."""
        return getter.read(self.node.ask(getter.question(self.deployment.addresses, *arguments), self.node.finalised_head().number))

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Everything that the node's events say, read on from where the last command stopped."""
        with self.index() as index, index.snapshot() as snapshot:
            yield snapshot

    @property
    def index_file(self) -> Path:
        """Where this tool's own index of the chain is."""
        return self.state_folder / f"index-{self.deployment.chain_id}.sqlite"

    @contextmanager
    def index(self) -> Iterator[Index]:
        """The index, read up to the newest final block."""
        with hold(self.index_file), Index(self.index_file, self.node, self.deployment) as index:
            with self.screen.progress("正在读取区块…", "Reading blocks…") as bar:
                index.refresh(bar.of)
            yield index

    def send(self, what: str, *asked: object, act: Callable[[Client, str], Done]) -> Done:
        """
        Send a call that the key in hand signs, once, and wait until it is final.

        Raises:
            Rejected, Unreachable, OutcomeUnknown: as `Client` does. Repeating the command goes on with the very same call.
        """
        account = self.signing_account
        with self.requests.once(what, self.deployment.chain_id, account.address, *asked) as name:
            path = self.state_folder / f"outbox-{self.deployment.chain_id}.sqlite"
            with Outbox(path, self.node, chain_id=self.deployment.chain_id) as outbox, self._waiting():
                client = Client(self.node, self.deployment, outbox, account, final_within=FINAL_WITHIN_SECONDS)
                return act(client, name)

    # The gateway's side

    @cached_property
    def _api_key(self) -> str:
        path: Path = self.told("api_key_file")
        found = secret_in(path)
        if not (found.isascii() and found.isprintable()):
            raise SettingRefused(
                "api_key_file", f"{path} 不是 API 密钥：应为一行字母与数字。", f"{path} holds no API key, which is one line."
            )
        return found

    @cached_property
    def gateway(self) -> "GatewayClient":
        """This caller at its gateway."""
        from registry.gateway_client import GatewayClient  # noqa: PLC0415 - slow to load, and an auditor asks none

        return self._open.enter_context(GatewayClient(self.told("gateway_url"), self._api_key))

    @cached_property
    def anonymous(self) -> "GatewayClient":
        """Nobody at the gateway: for what needs no API key."""
        from registry.gateway_client import GatewayClient  # noqa: PLC0415 - as above

        return self._open.enter_context(GatewayClient(self.told("gateway_url"), None))

    def post(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """
        Write through the gateway once, under a key that is stored first.

        Raises:
            Rejected, Unreachable, OutcomeUnknown: as `GatewayClient.post`. Repeating the command asks under the same key.
        """
        with self._asking():
            return self.step(path, asked)

    def step(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The same, without a word to whoever looks on: one of many steps, of which the command tells how far it is."""
        with self.requests.once(f"POST {path}", *self._caller(), dict(asked)) as key:
            return self.gateway.post(path, asked, key=key)

    def upload(self, path: str, fields: Mapping[str, str], files: Mapping[str, Path]) -> dict[str, Any]:
        """Write through the gateway once what files say; as `post`."""
        contents = contents_of(files)
        digests = {name: sha256(content).hexdigest() for name, (_, content) in contents.items()}
        # A single list stands for itself, as it did before there were several: an open request is found again.
        asked = (dict(fields), digests["list"] if digests.keys() == {"list"} else digests)
        with self.requests.once(f"POST {path}", *self._caller(), *asked) as key, self._asking():
            return self.gateway.upload(path, fields, contents, key=key)

    def pages(self, path: str, name: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Every entry of a list, page by page."""
        cursor = None
        while True:
            page = self.gateway.get(path, **query, cursor=cursor)
            yield from page[name]
            cursor = page.get("next")
            if cursor is None or not page[name]:
                return

    def _caller(self) -> Sequence[str]:
        # The file of stored requests holds no API key, not even as a plain hash of one.
        return (self.told("gateway_url"), sha256(f"tongquan caller\0{self._api_key}".encode()).hexdigest()[:16])

    @cached_property
    def requests(self) -> Requests:
        """Requests that are to happen once."""
        return Requests(self.state_folder / "requests.sqlite")

    def _asking(self) -> Any:
        return self.screen.progress("网关办理中…", "The gateway is at work…")

    def _waiting(self) -> Any:
        return self.screen.progress("等待最终区块…", "Waiting for the final block…")

    # The key

    @cached_property
    def key(self) -> bytes:
        """The private key in the key file, opened by the password from prompt, file or descriptor."""
        path: Path = self.told("keystore")
        return load_key(path, self.password())

    @cached_property
    def signing_account(self) -> SigningAccount:
        """The account that signs what this command sends: of a key in a device where one is named, else of the key file."""
        label = self.settings.pkcs11_label
        return KeyAccount(self.key) if label is None else self.device.account(label)

    @cached_property
    def device(self) -> Hsm:
        """
        The token in a signing device, logged in to.

        Raises:
            HsmUnavailable, PinRefused: as their names say.
        """
        module: Path = self.told("pkcs11_module")
        return self._open.enter_context(Hsm.open(module, token=self.told("pkcs11_token"), pin=secret_in(self.told("pin_file"))))

    @property
    def account(self) -> Address:
        """Whose key it is."""
        return Address(self.signing_account.address)

    def password(self, *, new: bool = False) -> str:
        """
        A key file's password; a new one is asked for twice.

        Raises:
            SettingRefused: none was told, and nobody is there to ask; or a new one is too short or typed in two ways.
        """
        descriptor, path = self.settings.password_fd, self.settings.password_file
        if descriptor is not None:
            return _read_descriptor(descriptor)
        if path is not None:
            return secret_in(path)
        if not sys.stdin.isatty():
            raise SettingRefused(
                "password_file",
                "请用 --password-file 或 --password-fd 提供口令。",
                "Nobody is there to ask: give --password-file or --password-fd.",
            )
        password = getpass.getpass(self.screen.words("密钥文件口令：", "Password of the key file: "))
        if new and password != getpass.getpass(self.screen.words("再输一次：", "Once more: ")):
            raise SettingRefused("password", "两次输入不一致。", "The two differ.")
        return password

    # What signatures are for

    @property
    def domain(self) -> Domain:
        """
        Chain and contract that a signature is made for: the deployment file's, or those pinned in the configuration.

        Raises:
            SettingRefused: neither was told. A gateway is not asked: it is what is being checked.
        """
        if self.settings.deployment is not None:
            return self.deployment.domain
        return Domain(*self._pinned("registry"))

    @property
    def directory(self) -> tuple[int, Address]:
        """Chain and contract that a change of one's own key is for; as `domain`."""
        if self.settings.deployment is not None:
            return self.deployment.chain_id, self.deployment.directory
        return self._pinned("directory")

    def _pinned(self, contract: str) -> tuple[int, Address]:
        chain_id, pinned = self.settings.chain_id, getattr(self.settings, contract)
        if chain_id is None or pinned is None:
            raise SettingRefused(
                "deployment",
                f"请用 --deployment 给出部署文件，或在配置文件中写明 chain_id 与 {contract}。",
                f"Name the deployment file by --deployment, or pin chain_id and {contract} in the configuration file.",
            )
        try:
            return chain_id, address(pinned)
        except typer.BadParameter as malformed:
            raise SettingRefused(
                contract, f"配置文件的 {contract} 项不是合约地址。", f"{contract} in the configuration file is no address."
            ) from malformed


def contents_of(files: Mapping[str, Path]) -> dict[str, tuple[str, bytes]]:
    """What files hold, by the fields that they are handed in under."""
    return {name: (file.name, content_of(file)) for name, file in files.items()}


def content_of(file: Path) -> bytes:
    """
    What a file holds.

    Raises:
        SettingRefused: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as unreadable:
        raise SettingRefused(str(file), f"无法读取 {file}。", f"{file} cannot be read: {unreadable.strerror}") from unreadable


def write_file(file: Path, content: bytes) -> None:
    """
    Write a new file.

    Raises:
        FileTaken: there is one already.
        SettingRefused: it cannot be written.
    """
    try:
        write_new(file, content)
    except OSError as unwritable:
        raise SettingRefused(str(file), f"无法写入 {file}。", f"{file} cannot be written: {unwritable.strerror}") from unwritable


def array_in(file: Path) -> list[Any]:
    """
    What a file holds as a JSON array.

    Raises:
        SettingRefused: it cannot be read, or is none.
    """
    try:
        found = json.loads(content_of(file))
    except ValueError as malformed:
        raise SettingRefused("file", f"{file} 不是 JSON。", f"{file} is no JSON: {malformed}") from malformed
    if not isinstance(found, list):
        raise SettingRefused("file", f"{file} 应为一个 JSON 数组。", f"{file} holds no JSON array.")
    return found


def _read_descriptor(descriptor: int) -> str:
    try:
        with os.fdopen(descriptor, encoding="utf-8") as file:
            password = file.readline().rstrip("\r\n")
    except (OSError, ValueError) as unreadable:
        raise SettingRefused(
            "password_fd", f"无法读取文件描述符 {descriptor}。", f"Descriptor {descriptor} cannot be read."
        ) from unreadable
    if not password:
        raise SettingRefused("password_fd", f"文件描述符 {descriptor} 中没有口令。", f"Descriptor {descriptor} holds no password.")
    return password
