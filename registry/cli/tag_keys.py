"""
`tongquan keys tag`: the consortium's tag keys (关联标识密钥), made once, handed over sealed, compared, backed up.

    maker      keys tag create, its fingerprint is read out; keys tag seal, once for each gateway's public key
    gateway    keys tag handover-key, its public key is published; keys tag open, with the fingerprint that was read out
    any two    keys tag fingerprints, keys tag compare
    each       keys tag back-up, the fingerprints on paper beside it; keys tag restore

No node and no gateway is asked. A key is never shown.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.cli.arguments import argument, option
from registry.cli.command import Answer, Exit, Told, Uses, command, group
from registry.cli.session import Session, content_of
from registry.cli.settings import SettingRefused
from registry.files import write_new
from registry.tag_keys import (
    HandoverKey,
    Match,
    add_tag_key,
    back_up_tag_keys,
    compare_fingerprints,
    create_tag_key,
    open_tag_key,
    read_tag_keys,
    restore_tag_keys,
    seal_tag_key,
    tag_keys_in,
)

app = group("联盟的关联标识密钥。 The consortium's tag keys.")

KeysFile = Annotated[Path, argument(None, "KEYS", "网关的关联标识密钥文件", "A gateway's file of tag keys")]
SealedFile = Annotated[Path, argument(None, "SEALED", "密封的密钥", "The sealed key")]
BackupFile = Annotated[Path, argument(None, "BACKUP", "备份文件", "The backup")]
Epoch = Annotated[
    int,
    typer.Option(
        "--epoch",
        metavar="NUMBER",
        min=1,
        max=255,
        help="期号：1，或发票年份减 2000。 The epoch: 1, or an invoice's year less 2000.",
        show_default=False,
    ),
]


@command(app, "create", example="tongquan keys tag create tag-keys.json --epoch 31")
def create(session: Session, keys: KeysFile, *, epoch: Epoch) -> Answer:
    """
    新建某一期的密钥，写入密钥文件；每期全联盟只建一次。 Make the key of an epoch; only one gateway may, once for all.
    """
    if keys.exists() and epoch in read_tag_keys(keys).epochs:
        raise SettingRefused("epoch", f"{keys} 已有第 {epoch} 期密钥。", f"{keys} holds a key of epoch {epoch} already.")
    key = create_tag_key(epoch)
    add_tag_key(keys, key)
    session.screen.note("请口头向各地区宣读指纹。", "Read the fingerprint out to the other regions.")
    return {"epoch": epoch, "fingerprint": key.fingerprint, "file": keys}


@command(app, "handover-key", uses=Uses.PASSWORD, example="tongquan keys tag handover-key handover.json --password-file new.password")
def handover_key(session: Session, file: Annotated[Path, argument(None, "FILE", "要写入的新文件", "The new file to write")]) -> Answer:
    """
    新建本网关的接收密钥，公布其公钥。 Make the key by which this gateway takes tag keys over; publish its public part.
    """
    key = HandoverKey.create()
    key.save(file, session.password(new=True))
    return {"public": key.public, "file": file}


@command(app, "seal", example="tongquan keys tag seal tag-keys.json sealed.json --epoch 31 --to $GATEWAY_PUBLIC")
def seal(
    session: Session,  # noqa: ARG001 - every command has one
    keys: KeysFile,
    file: SealedFile,
    *,
    epoch: Epoch,
    to: Annotated[str, option("--to", None, "PUBLIC", "对方网关的公钥", "The other gateway's public key")],
) -> Answer:
    """
    将某一期密钥密封给一个网关。 Seal the key of an epoch to one gateway.
    """
    key = next((each for each in tag_keys_in(keys) if each.epoch == epoch), None)
    if key is None:
        raise SettingRefused("epoch", f"{keys} 中没有第 {epoch} 期密钥。", f"{keys} holds no key of epoch {epoch}.")
    write_new(file, seal_tag_key(key, to).encode())
    return {"epoch": epoch, "fingerprint": key.fingerprint, "file": file}


@command(
    app,
    "open",
    uses=Uses.PASSWORD,
    example="tongquan keys tag open sealed.json other-keys.json --handover-key handover.json --fingerprint '$FINGERPRINT'"
    " --password-file new.password",
)
def open_(
    session: Session,
    file: SealedFile,
    keys: KeysFile,
    *,
    handover_key: Annotated[Path, option("--handover-key", None, "FILE", "本网关的接收密钥", "This gateway's handover key")],
    fingerprint: Annotated[str, option("--fingerprint", None, "TEXT", "口头宣读的指纹", "The fingerprint that was read out")],
) -> Answer:
    """
    打开密封的密钥，指纹与宣读的一致才写入。 Take a sealed key over, if its fingerprint is the one that was read out.
    """
    key = open_tag_key(content_of(file).decode(errors="replace"), HandoverKey.load(handover_key, session.password()), fingerprint)
    add_tag_key(keys, key)
    return {"epoch": key.epoch, "fingerprint": key.fingerprint, "file": keys}


@command(app, "fingerprints", example="tongquan keys tag fingerprints tag-keys.json")
def fingerprints(session: Session, keys: KeysFile) -> Answer:  # noqa: ARG001 - every command has one
    """
    显示各期密钥的指纹，可公开。 Show the fingerprint of every key; they may be published.
    """
    return {"fingerprints": {str(epoch): each for epoch, each in read_tag_keys(keys).fingerprints.items()}}


@command(app, "compare", example="tongquan keys tag compare tag-keys.json theirs.json")
def compare(
    session: Session,  # noqa: ARG001 - every command has one
    keys: KeysFile,
    theirs: Annotated[Path, argument(None, "THEIRS", "对方 fingerprints --json 的输出", "What the other's `fingerprints --json` answered")],
) -> Answer:
    """
    与另一网关核对指纹；不一致时退出码为 5。 Compare fingerprints with another gateway's; exit status 5 if any differs.
    """
    try:
        told = {int(epoch): str(each) for epoch, each in json.loads(content_of(theirs))["fingerprints"].items()}
    except (ValueError, LookupError, TypeError, AttributeError) as malformed:
        raise SettingRefused("theirs", f"{theirs} 不是指纹文件。", f"{theirs} holds no fingerprints.") from malformed
    found = compare_fingerprints(read_tag_keys(keys).fingerprints, told)
    rows: list[dict[str, Any]] = [{"epoch": epoch, "match": match.name} for epoch, match in found.items()]
    return Told({"epochs": rows}, Exit.DIFFERENT if Match.DIFFERENT in found.values() else Exit.DONE)


@command(app, "back-up", uses=Uses.PASSWORD, example="tongquan keys tag back-up tag-keys.json backup.json --password-file new.password")
def back_up(session: Session, keys: KeysFile, backup: BackupFile) -> Answer:
    """
    以口令加密备份全部密钥，并读回核对。 Back all keys up under a password, and read the backup once.
    """
    found = back_up_tag_keys(backup, tag_keys_in(keys), session.password(new=True))
    return {"fingerprints": {str(epoch): each for epoch, each in found.items()}, "file": backup}


@command(
    app, "restore", uses=Uses.PASSWORD, example="tongquan keys tag restore backup.json restored-keys.json --password-file new.password"
)
def restore(session: Session, backup: BackupFile, keys: KeysFile) -> Answer:
    """
    由备份恢复密钥文件；请与打印的指纹核对。 Restore keys from a backup; compare the fingerprints with the printed ones.
    """
    found = restore_tag_keys(backup, session.password())
    for key in found:
        add_tag_key(keys, key)
    return {"fingerprints": {str(key.epoch): key.fingerprint for key in found}, "file": keys}
