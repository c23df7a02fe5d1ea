"""
The page of all commands, made from the commands themselves: `python -m registry.cli.page > docs/cli.md`.

Options that every command has are told once.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from typing import Any

import typer.main

from registry.cli.app import make_app
from registry.cli.command import PANEL
from registry.cli.settings import Settings

_FILE_ONLY = frozenset({"chain_id", "registry", "directory", "lab"})

_HEAD = """<!-- Made by `python -m registry.cli.page > docs/cli.md`; a test compares. -->
# 命令行 The command line: `tongquan`

`scripts/setup` 将其装入 `.venv/bin/tongquan`。`scripts/setup` puts it there; `tongquan --install-completion` adds completion to the shell.

| 谁 who | 需要 needs |
|---|---|
| 服务机构、企业 lab, firm | `gateway_url` + `api_key_file`; to sign also `keystore`, and `deployment` or pinned contracts |
| 经办 officer | `gateway_url` + `api_key_file` |
| 审计人员 auditor | `node_url` + `deployment` |
| 地区管理账户 a region's admin | `node_url` + `deployment` + `keystore` |
| 任何人 anybody | `gateway_url` for `tongquan status` |

**API 密钥与密钥文件各有其用。** The API key lets a party ask its gateway: without one a gateway answers nothing about anybody. It signs
nothing: what is agreed to is signed with the key in `keystore`, which no gateway ever sees. So a lab or firm needs both. What is signed is
for one chain and one contract, which the deployment file tells; `chain_id` and `registry` (for `keys rotate` and `keys veto`
`directory`) pinned in the configuration file are as good.

**部署文件为何不能省。** A node could show any chain. The deployment file says which one is the consortium's: chain id, genesis block, the
addresses of the five contracts. Every command that reads a node checks these first, and the contracts' code: a node that shows another
chain is found (exit status 5). A node cannot be asked for them, since that is what is being checked. The consortium publishes the file;
compare its SHA-256 with another region's.

**没有网关时读节点。** Where `node_url` is told and no `gateway_url`, `order`, `voucher`, `programme`, `lab`, `firm`, `flag`, `keys` and
`month` show and list from the node's events, all of them, under the same names as at a gateway. The chain knows no company code,
project or invoice number, nor the words of a reason: those only a gateway tells, to those who may know.

## 设置 Settings

依次取自：选项、环境变量、配置文件。 An option counts before the environment, that before the configuration file
(`~/.config/tongquan/config.toml`, or `--config`, `TONGQUAN_CONFIG`). Paths in the file are read from its own folder. Passwords and API
keys are never arguments: they come from a file that only its owner may read, from a descriptor (`--password-fd`), or from a prompt.

| 配置文件 in the file | 环境变量 variable | 含义 meaning |
|---|---|---|
"""

_OUTPUT = """
## 输出与退出码 Output and exit status

Answers go to standard output, everything else to standard error. With `--json` an answer is one JSON object a line, under names that do
not change; money is a decimal string of fen (分), times are Unix seconds. A refusal is one object on standard error: `error` (stable code),
`family`, `message`, `values`. Without it, Chinese comes first, then English; `--lang en` shows English alone. Wrong usage is told in both.

给人看的输出用名称、元、北京时间和百分比；`--json` 保持接口原样。 What people are shown has names, yuan, China's time and per cent where
JSON has codes, fen, Unix seconds and ten thousandths; attempts and places are counted from one. A list that is wider than the terminal is
shown record by record.

| | 含义 meaning | `family` |
|---|---|---|
| 0 | 已办理 done; 可用 VALID | |
| 1 | 不予受理，未发生变化 refused, and nothing changed; 不可用 NOT_VALID | `rejected` |
| 2 | 用法、设置或文件有误 wrong usage, setting or file | `usage` |
| 3 | 无应答，未发生变化 unreachable, nothing happened, try again; 暂无法核验 UNKNOWN, 数据滞后 STALE | `unreachable` |
| 4 | 结果未定，可能已生效 it may have happened; repeat the same command | `outcome_unknown` |
| 5 | 有差异 differences: an audit's, or a document, chain or log that is not the one asked for; nothing was signed | `different` |

`tongquan gateway serve` 未能启动时亦同。 A gateway that does not start says why in one sentence, with the same statuses: 2 a setting, one
of its files or its address; 3 a silent node, or an index in use; 5 another chain than the deployment's; 1 an account of its own that is
registered as a party's signer. What it logs once it runs is JSON on standard error.

**重复不会重复办理。** Every write is named before it is sent, and the name is stored in the state folder. As long as its outcome is open
(a crash, exit status 3 or 4) the same command asks under the same name, and is never done twice. Once it was answered, the same command
is a new request.

**签名之前。** A document that a gateway prepared is checked before it is signed, and refused (exit status 5) where it differs: chain and
contract against the deployment file; the exact set of members and types; its id; lab, item, order and every amount against what was
asked; the voucher and the attempt against what one's own gateway answers to another question; the result's hash; until when it is
good. What only the consortium's key could check is shown, not checked: which project, contract and invoice the tags stand for
(of an invoice the year is checked). With `--yes` a script has to state the amount that it agrees to.

金额须带单位：`4800元`、`4800yuan`、`480000分`、`480000fen`。 An amount names its unit. A date is its last second in China (for `--from`,
its first), or Unix seconds.

## 协议动词与命令 The protocol's verbs

{verbs}
`commit`, `uncommit`, `pay`, `payBack`, `count`, `uncount`, `claim` and `free` are what the contracts say to each other. A command has the
verb's own name, but for: `flag raise` and `settle record`, since the group has it; `lab add-items`, since `list` lists; `keys propose`,
which is an office's `rotate`, and takes three days; `motion veto` and `keys veto`, each in its group.

## 命令 Commands

"""

# A protocol's verb, and the commands that say it.
VERBS: Mapping[str, tuple[str, ...]] = {
    "open": ("programme open",),
    "fund": ("programme fund",),
    "draw": ("programme draw",),
    "issue": ("issue",),
    "reserve": ("order submit",),
    "approve": ("review approve",),
    "decline": ("review decline",),
    "release": ("order release submit", "order release without-consent"),
    "extend": ("review extend",),
    "redeem": ("redeem submit", "redeem stand-in"),
    "endorse": ("review endorse",),
    "accept": ("review accept",),
    "reject": ("review reject", "settle reject"),
    "settle": ("settle record",),
    "reverse": ("review reverse",),
    "refunded": ("settle refunded",),
    "closeMonth": ("month close",),
    "tryEach": ("order submit", "redeem submit", "order release submit"),
    "admit": ("lab admit",),
    "renew": ("lab renew",),
    "list": ("lab add-items",),
    "suspend": ("lab suspend",),
    "reinstate": ("lab reinstate",),
    "freeze": ("lab freeze",),
    "exit": ("lab exit",),
    "recognise": ("lab recognise",),
    "withdraw": ("lab withdraw",),
    "enrol": ("firm enrol",),
    "rotate": ("keys rotate", "keys propose"),
    "vetoRotation": ("keys veto",),
    "completeRotation": ("keys complete",),
    "flag": ("flag raise",),
    "second": ("flag second",),
    "unflag": ("flag unflag",),
    "offer": ("region offer",),
    "takeUp": ("region take-up",),
    "revoke": ("region revoke",),
    "recover": ("region recover",),
    "rotateRecovery": ("region rotate-recovery",),
    "vote": ("motion vote",),
    "veto": ("motion veto",),
    "enact": ("motion enact",),
    "lift": ("motion enact",),
    "setRegistry": ("motion enact",),
    "voidClaim": ("motion enact",),
}
BETWEEN_CONTRACTS = frozenset({"commit", "uncommit", "pay", "payBack", "count", "uncount", "claim", "free"})


def page() -> str:
    """The whole page."""
    rows = [_setting(each) for each in fields(Settings)]
    body = "\n".join(_told(path, command) for path, command in leaves(typer.main.get_command(make_app())))
    verbs = ["| 动词 verb | 命令 command |", "|---|---|", *(_said(verb, commands) for verb, commands in VERBS.items())]
    return _HEAD + "\n".join(rows) + "\n" + _OUTPUT.format(verbs="\n".join(verbs) + "\n") + body


def _said(verb: str, commands: tuple[str, ...]) -> str:
    return f"| `{verb}` | {', '.join(f'`tongquan {each}`' for each in commands)} |"


def _setting(setting: Field[Any]) -> str:
    variable = "—" if setting.name in _FILE_ONLY else f"`TONGQUAN_{setting.name.upper()}`"
    return f"| `{setting.name}` | {variable} | {setting.metadata['zh']} {setting.metadata['en']} |"


def leaves(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by the words that one types."""
    children = getattr(command, "commands", {})
    if not children:
        yield path, command
    for name, child in children.items():
        yield from leaves(child, f"{path} {name}".strip())


def _told(path: str, command: Any) -> str:
    lines = [f"### `tongquan {path}`", "", command.help or "", "", "```sh", command.epilog or "", "```", ""]
    own = [each for each in command.params if getattr(each, "rich_help_panel", None) != PANEL and each.name != "help"]
    lines += [f"- {_typed(each)}: {each.help}" for each in own]
    shared = [f"`{each.opts[0]}`" for each in command.params if getattr(each, "rich_help_panel", None) == PANEL]
    lines += [f"- 通用 common: {', '.join(shared)}"] if shared else []
    return "\n".join([*lines, ""])


def _typed(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return f"`{parameter.opts[0]}`" + (" 必填 required" if parameter.required else "")


if __name__ == "__main__":
    sys.stdout.write(page())
