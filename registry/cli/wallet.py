"""`tongquan wallet`: key files. A key is never shown, and a password never an argument."""

import secrets
from pathlib import Path
from typing import Annotated

from registry.cli.arguments import NewFile, Yes, argument, option
from registry.cli.command import Answer, Uses, command, group
from registry.cli.session import Session
from registry.cli.settings import SettingRefused, secret_in
from registry.cli.signing import As, StatedAmount, StatedSubsidy, sign_answer
from registry.keystore import load_key, save_key
from registry.signing import address_of

KEY_BYTES = 32
LEAST_PASSWORD = 6
"""A printed recovery sheet and a phone keep a PIN; scrypt makes each guess cost a second."""

app = group("密钥文件。 Key files.")

NewPassword = Annotated[Path | None, option("--new-password-file", None, "FILE", "新口令所在文件", "File that holds the new password")]


@command(app, "new", uses=Uses.KEY, example="tongquan wallet new new.json --password-file new.password")
def new(session: Session, file: NewFile) -> Answer:
    """
    新建密钥文件，绝不覆盖已有文件。 Make a new key under a password, never over another file.
    """
    return _saved(session, file, secrets.token_bytes(KEY_BYTES), _long_enough(session.password(new=True)))


@command(app, "import", uses=Uses.KEY, example="tongquan wallet import imported.json --key-file raw.key --password-file new.password")
def import_(
    session: Session,
    file: NewFile,
    *,
    key_file: Annotated[Path, option("--key-file", None, "FILE", "私钥（64 位十六进制）所在文件", "File that holds the private key")],
) -> Answer:
    """
    将已有私钥封入密钥文件。 Put a private key that exists under a password.
    """
    try:
        key = bytes.fromhex(secret_in(key_file).removeprefix("0x"))
        address_of(key)
    except ValueError as malformed:
        raise SettingRefused("key_file", f"{key_file} 中没有私钥。", f"{key_file} holds no private key.") from malformed
    return _saved(session, file, key, _long_enough(session.password(new=True)))


@command(app, "show", uses=Uses.KEY, example="tongquan wallet show --keystore new.json --password-file new.password")
def show(session: Session) -> Answer:
    """
    用口令打开密钥文件，显示其账户地址。 Open a key file, and say whose key it is.
    """
    return {"address": session.account, "keystore": session.told("keystore")}


@command(
    app,
    "password",
    uses=Uses.KEY,
    example="tongquan wallet password copy.json --keystore new.json --password-file new.password --new-password-file other.password",
)
def password(session: Session, file: NewFile, *, new_password_file: NewPassword = None) -> Answer:
    """
    以新口令另存密钥文件；旧文件不动。 Write the same key under another password to a new file; the old one stays.
    """
    key = load_key(session.told("keystore"), session.password())
    if new_password_file is None:
        raise SettingRefused("new_password_file", "请用 --new-password-file 指明新口令。", "Name the new password by --new-password-file.")
    return _saved(session, file, key, _long_enough(secret_in(new_password_file)))


@command(
    app,
    "sign",
    uses=Uses.KEY | Uses.DOMAIN | Uses.GATEWAY,
    example="tongquan wallet sign asked.json prepared.json body.json --as lab --amount 5000yuan --yes",
)
def sign(
    session: Session,
    asked: Annotated[Path, argument(None, "ASKED", "发给网关的请求（JSON 文件）", "What was posted to the gateway, as a file")],
    prepared: Annotated[Path, argument(None, "PREPARED", "网关的答复（JSON 文件）", "What the gateway answered, as a file")],
    body: Annotated[
        Path, argument(None, "BODY", "写入签名的提交文件；对方签过的则加签", "The body to post; the other's signature in it stays")
    ],
    *,
    party: As,
    amount: StatedAmount = None,
    subsidy: StatedSubsidy = None,
    yes: Yes = False,
) -> Answer:
    """
    为不用本工具与网关往来者签名。 Sign for who speaks to the gateway by other means, such as curl.

    核对网关的答复与所发请求，签名写入可直接提交的文件；不符即拒签（退出码 5）。
    What the gateway answered is checked against what was asked, and signed into a body that can be posted (exit status 5 if it differs).
    """
    return sign_answer(session, asked, prepared, body, party, yes=yes, stated={"amount": amount, "subsidy": subsidy})


def _saved(session: Session, file: Path, key: bytes, password: str) -> Answer:
    with session.screen.progress("正在加密…", "Sealing…"):
        return {"address": save_key(file, key, password), "keystore": file}


def _long_enough(password: str) -> str:
    if len(password) < LEAST_PASSWORD:
        raise SettingRefused("password", f"口令至少 {LEAST_PASSWORD} 个字符。", f"A password has at least {LEAST_PASSWORD} characters.")
    return password
