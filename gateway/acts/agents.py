"""Agents (代理人): powers of attorney as the firm's office enters them, and every use of an agent's key, of which the firm is told."""

from collections.abc import Collection, Sequence

from gateway import shapes
from gateway.callers import Caller, Party
from gateway.cursors import Question
from gateway.errors import Problem
from gateway.office import Office
from gateway.schemas import AgentUsePage, PowerEntry, PowerPage, PowerSeen, PowerWithdrawal, UsesRead, UsesTold
from gateway.sight import not_found, own_firms
from registry import Address, Digest, Entered, Firm, Id, Ledger, PowerOfAttorney, PowerRefused, Time, checksummed, id_of

READ = "READ"
"""How a firm was told that said itself what it had read. No office can note this."""


def enter(office: Office, caller: Caller, asked: PowerEntry) -> PowerSeen:
    """Take a power of attorney down, for every id under which the firm is enrolled; before it is, for the one that it will have."""
    office.client(caller)  # whoever has no account here writes nothing
    office.require_foreign(asked.agent)
    with office.current() as snapshot:
        known = [each for each in _ids(office, asked.firm) if each in snapshot.ledger.firm_records]
    document, times = _document(asked.document_sha256), (Time(asked.from_), Time(asked.until))
    firms = known or [id_of(Firm(office.region, office.keyring.firm(asked.firm)))]
    powers = [PowerOfAttorney(firm, _agent(asked.agent), document, *times) for firm in firms]
    try:
        for power in powers:
            office.agents.book.enter(power)
    except PowerRefused as differs:
        title = "该授权书已以其他期限登记。 This power of attorney stands in the book with other dates."
        raise Problem(409, "PowerDiffers", title, document_sha256=asked.document_sha256) from differs
    return _seen(office, powers)


def withdraw(office: Office, caller: Caller, asked: PowerWithdrawal) -> PowerSeen:
    """Note that a power ended early. The first date stays; no key is changed by it."""
    office.client(caller)
    ids = _ids(office, asked.firm)
    key = (_agent(asked.agent), _document(asked.document_sha256))
    powers = [each.power for each in office.agents.book.entered(ids) if (each.power.agent, each.power.document) == key]
    if not powers:
        raise not_found("power", key[1])
    for power in powers:
        office.agents.book.withdraw(power, Time(asked.at))
    return _seen(office, powers)


def powers(office: Office, caller: Caller, *, cursor: str | None, limit: int) -> PowerPage:
    """A firm's own powers of attorney; those that its region's gateway was shown, for an officer; all of this gateway for an auditor."""
    question = Question("powers", caller.name)
    found = office.agents.book.entered(_visible(office, caller), after=question.number(cursor) or 0)
    with office.seen() as snapshot:
        seen = [_power_seen(snapshot.ledger, each) for each in found[:limit]]
    return PowerPage(powers=seen, next=question.cursor(str(found[limit - 1].number)) if len(found) > limit else None)


def uses(office: Office, caller: Caller, *, told: bool | None, cursor: str | None, limit: int) -> AgentUsePage:
    """A firm's own uses, those of an officer's region, or all of this gateway for an auditor. Telling is another act: `read` or `tell`."""
    question = Question("agent-uses", caller.name, (told,))
    after = question.position(cursor)
    book = office.agents.book
    with office.seen() as snapshot:
        found = office.agents.uses(snapshot, _visible(office, caller))
        untold = {use.act.position for use in book.untold(use.act for use in found)}
        wanted = [use for use in found if told is None or told is (use.act.position not in untold)]
        rest = [use for use in wanted if after is None or shapes.position(use.act.position) > after]
        shown = rest[:limit]
        return AgentUsePage(
            uses=[shapes.use_seen(use, book.telling_of(use)) for use in shown],
            next=question.cursor(shapes.position(shown[-1].act.position)) if len(rest) > limit else None,
            block=office.block_seen(snapshot),
        )


def read(office: Office, caller: Caller, asked: UsesRead) -> AgentUsePage:
    """Note which of its uses a firm has read of."""
    return _note(office, caller, asked.uses, READ)


def tell(office: Office, caller: Caller, asked: UsesTold) -> AgentUsePage:
    """Note that firms were told by other means. Of those that were told before the first time stays."""
    office.client(caller)
    return _note(office, caller, asked.uses, asked.how)


def _note(office: Office, caller: Caller, positions: Sequence[str], how: str) -> AgentUsePage:
    with office.seen() as snapshot:
        known = {shapes.position(use.act.position): use for use in office.agents.uses(snapshot, _visible(office, caller))}
        for each in positions:
            if each not in known:
                raise Problem(404, "NotFound", "未找到，或无权查看。 Not found, or not yours to see.", what="use", id=each)
        named = [known[each] for each in positions]
        office.agents.book.told(*named, at=Time(int(office.clock())), how=how)
        seen = [shapes.use_seen(use, office.agents.book.telling_of(use)) for use in named]
        return AgentUsePage(uses=seen, next=None, block=office.block_seen(snapshot))


def _visible(office: Office, caller: Caller) -> Collection[Id] | None:
    """The firms of which a caller is told; None for all. The book holds firms of this gateway's region only."""
    if caller.party is Party.FIRM:
        return own_firms(office, caller)
    return None if caller.party is Party.AUDITOR or caller.home == office.region else ()


def _ids(office: Office, firm: str) -> list[Id]:
    return [id_of(Firm(office.region, tag)) for tag in office.keyring.firms(firm)]


def _seen(office: Office, powers: Sequence[PowerOfAttorney]) -> PowerSeen:
    """As the book has it, under the id that signs, or else the newest."""
    keys = {(power.firm, power.agent, power.document) for power in powers}
    entered = [each for each in office.agents.book.entered() if (each.power.firm, each.power.agent, each.power.document) in keys]
    with office.seen() as snapshot:
        seen = [_power_seen(snapshot.ledger, each) for each in entered]
    return next((each for each in seen if each.signs), seen[0])


def _power_seen(ledger: Ledger, entered: Entered) -> PowerSeen:
    power = entered.power
    told = {
        "firm": power.firm,
        "agent": power.agent,
        "document_sha256": power.document.hex(),
        "from": power.from_,
        "until": power.until,
        "withdrawn": entered.withdrawn,
        "signs": ledger.firms[power.firm].signer == power.agent,
    }
    return PowerSeen.model_validate(told)


def _document(sha256: str) -> Digest:
    return Digest(bytes.fromhex(sha256))


def _agent(text: str) -> Address:
    """In the form in which the chain's events name it."""
    return checksummed(bytes.fromhex(text[2:]))
