"""
Play the demo and tell it: to people with colours and a progress bar, to programs as one JSON object a line (`--json`).

The exit status is 0 only if every step came out as expected. However it ends, no process survives it.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from registry.chain.devnode import DevNode, Engine, Mining, start
from scripts.demonstration import cases, command_lines, expected, play, words
from scripts.demonstration.cast import ALL, PLAIN
from scripts.demonstration.scene import Case, Scene, scene_of
from scripts.demonstration.world import World, found, gateways, write_private

HEARTBEAT_SECONDS = 5.0
FEN_A_YUAN = 100


class Teller:
    """Says what happens, to people or to programs, and counts. `expected` is what must come out of the act, by case and step."""

    def __init__(self, *, lang: str, as_json: bool) -> None:
        self.expected: Mapping[str, Mapping[str, Any]] = {}
        self.lang = lang
        self.as_json = as_json
        self.count = 0
        self.bad = 0
        self._console = Console(quiet=as_json, highlight=False)

    def say(self, text: str) -> None:
        """Something for people only."""
        self._console.print(text, soft_wrap=True)

    @contextmanager
    def waiting(self, steps: int) -> Iterator[Any]:
        """A progress bar while there is something to wait for; calling it tells the next thing, and how many steps are done."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task("", total=steps)

            def tell(text: str, *, done: int = 1) -> None:
                progress.update(task, description=text, advance=done)

            yield tell

    def step(self, case: str, key: str, got: Any) -> None:
        """One step's outcome beside what it must be."""
        self._tell(case, key, self.expected[case].get(key), got)

    def broke(self, case: str, failure: Exception) -> None:
        """A case could not be played to its end."""
        self._tell(case, "broken", None, f"{type(failure).__name__}: {failure}")

    def missing(self, case: str, keys: Iterable[str]) -> None:
        """Steps that should have come and did not."""
        for key in keys:
            self._tell(case, key, self.expected[case][key], None)

    def _tell(self, case: str, key: str, expected: Any, got: Any) -> None:
        # As JSON tells it: a reader of the lines must come to the same judgement.
        ok = json.loads(json.dumps(got)) == json.loads(json.dumps(expected))
        self.count += 1
        self.bad += not ok
        if self.as_json:
            line = {"case": case, "step": key, "expected": expected, "got": got, "ok": ok}
            print(json.dumps(line, ensure_ascii=False), flush=True)
            return
        mark = "[green]✓[/]" if ok else "[red]✗[/]"
        shown = json.dumps(got, ensure_ascii=False)
        self.say(f"  {mark} {words.step(case, key, self.lang)}  [dim]{_plain(shown)}[/]")
        if not ok:
            told = json.dumps(expected, ensure_ascii=False)
            self.say(f"    [red]{words.sentence('expected', self.lang)} {_plain(told)}[/]")


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


@dataclass(frozen=True)
class Act:
    """Cases that are played on a network of their own, and what must come out of them. `folder` is theirs in the demonstration's."""

    cases: Mapping[str, Case]
    expected: Mapping[str, Mapping[str, Any]]
    engine: Engine
    everybody: bool = True
    folder: str = ""


def main() -> int:
    """Run it all."""
    options = _options()
    acts = _chosen(options)
    teller = Teller(lang=options.lang, as_json=options.json)
    if options.dir is not None and options.dir.exists() and any(options.dir.iterdir()):
        print(words.sentence("taken", options.lang, path=options.dir), file=sys.stderr)
        return 2
    began = time.monotonic()
    with ExitStack() as stack:
        given = options.dir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tongquan-")))
        networks = [_perform(act, given.resolve() / act.folder, stack, teller) for act in acts]
        key, seconds = "failed" if teller.bad else "passed", time.monotonic() - began
        teller.say("\n" + words.sentence(key, teller.lang, count=teller.count, bad=teller.bad, seconds=seconds))
        stayed = not options.stay or _stay(*networks[0], teller)
    return 1 if teller.bad or not stayed else 0


def _chosen(options: argparse.Namespace) -> Sequence[Act]:
    engine = Engine(options.engine or Engine.GANACHE)
    # Hundreds of orders take minutes on ganache.
    records = Act(cases.RECORDS, expected.RECORDS, engine=Engine(options.engine or Engine.ANVIL), folder="records")
    if options.records:
        return [replace(records, folder="")]
    if options.all:
        return [Act(cases.ALL, expected.ALL, engine=engine), records]
    return [Act(play.CASES, expected.EXPECTED, engine=engine, everybody=False)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description="通券演示。 Tongquan, demonstrated.")
    parser.add_argument("--lang", choices=("zh", "en"), default="zh", help="语言 language (default: zh)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--all",
        action="store_true",
        help="全部案例，六个地区服务网关，最后演示 --records 各案例: all cases, with six gateways, and then those of --records",
    )
    which.add_argument(
        "--records",
        action="store_true",
        help="仅 AT-16、17、19，数百笔记录: only the papers' figures out of hundreds of records, on anvil",
    )
    engines = [each.value for each in Engine]
    parser.add_argument("--engine", choices=engines, help="节点 node (default: ganache, and anvil for --records)")
    parser.add_argument("--json", action="store_true", help="每步一行 JSON: one JSON object a line")
    parser.add_argument("--stay", action="store_true", help="演示后继续运行，直到 Ctrl-C: keep running until Ctrl-C")
    parser.add_argument("--dir", type=Path, help="工作目录，须为空: a folder to work in, which must be empty or new")
    return parser.parse_args()


def _perform(act: Act, directory: Path, stack: ExitStack, teller: Teller) -> tuple[DevNode, World]:
    """Found the act's network in `directory` and play its cases there; node and world, which live as long as `stack`."""
    directory.mkdir(parents=True, exist_ok=True)
    node, world = _set_up(stack, directory, teller, act)
    scene = scene_of(world, node)
    stack.enter_context(scene.http)
    _play(act, scene, teller)
    return node, world


def _set_up(stack: ExitStack, directory: Path, teller: Teller, act: Act) -> tuple[DevNode, World]:
    with teller.waiting(3) as tell:
        tell(words.sentence("node", teller.lang))
        # A network of its own each time, so that no signature of one demonstration holds in another.
        chain_id = 20_000_000 + time.time_ns() // 1_000_000 % 1_000_000_000
        node = stack.enter_context(start(act.engine, chain_id=chain_id, directory=directory / "chain", mining=Mining.STRICT))
        tell(words.sentence("founding", teller.lang))
        world = found(directory, node.url, ALL if act.everybody else PLAIN)
        tell(words.sentence("all_gateways" if act.everybody else "gateways", teller.lang))
        stack.enter_context(gateways(world, world.cast.served))
    command_lines.write(world)
    write_private(directory / "demo.json", json.dumps(world.told(), ensure_ascii=False, indent=2) + "\n")
    return node, world


def _play(act: Act, scene: Scene, teller: Teller) -> None:
    teller.expected = act.expected
    teller.say(words.sentence("samples", teller.lang))
    with teller.waiting(sum(len(act.expected[case]) for case in act.cases)) as tell:
        for case, steps in act.cases.items():
            title = words.case(case, teller.lang)
            teller.say(f"\n[bold]{title}[/]")
            tell(title, done=0)
            left = dict.fromkeys(act.expected[case])
            try:
                for key, got in steps(scene):
                    left.pop(key, None)
                    teller.step(case, key, got)
                    tell(title)
            except Exception as failure:  # noqa: BLE001 - whatever breaks a case is an outcome to be told, and the next cases rest on it
                teller.broke(case, failure)
                teller.missing(case, left)
                break
            teller.missing(case, left)
    if scene.audit is not None:
        found = scene.audit
        yuan = {name: f"{getattr(found, name) / FEN_A_YUAN:,.2f}" for name in ("issued", "redeemed", "settled")}
        counts = {name: getattr(found, name) for name in ("block", "events", "compared", "vouchers", "orders")}
        teller.say("\n" + words.sentence("audit", teller.lang, **yuan, **counts, differences=len(found.differences)) + "\n")


def _stay(node: DevNode, world: World, teller: Teller) -> bool:
    """Stay until somebody ends it: True. False if the node ended or fell silent."""
    teller.say(words.sentence("staying", teller.lang, path=world.directory / "demo.json"))
    try:
        while node.is_running():
            time.sleep(HEARTBEAT_SECONDS)
            # This chain has a block only when something happens; without one its head would read as stale.
            node.mine()
    except KeyboardInterrupt:
        return True
    except OSError:
        pass
    print(words.sentence("silent", teller.lang), file=sys.stderr)
    return False


def _end_in_good_order(signum: int, _frame: object) -> None:
    # Without this a plain kill would leave the folder behind; the processes end either way.
    sys.exit(128 + signum)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end_in_good_order)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
