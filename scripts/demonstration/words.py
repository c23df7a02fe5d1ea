"""What the demo says, Chinese first. A line without an entry is told by its key."""

from collections.abc import Mapping

CASES: Mapping[str, tuple[str, str]] = {
    "SETUP": ("准备：开设券种、登记机构与企业、互认、拨入资金", "Set-up: programmes, directory, recognition, pools"),
    "AT-01": (
        "案例 AT-01 · 2013-12-19 长兴企业在上海检测，费用 8,000 元，五张千元券",
        "AT-01 · 2013-12-19, a Changxing firm at a Shanghai lab: 8,000 yuan, five notes of 1,000",
    ),
    "AT-12": ("案例 AT-12 · 同一张券同时在三个地区出示", "AT-12 · one voucher presented in three regions at the same moment"),
    "INVOICE": ("同一张发票在第二个地区再次申请兑付", "The same invoice claimed in a second region"),
    "AT-18": ("案例 AT-18 · 热线核实三项事实", "AT-18 · the hotline's three facts"),
    "AT-05": ("案例 AT-05 · 昆山预拨兑付资金：差一分不受理，足额即受理", "AT-05 · Kunshan's prefunded pool: one fen short, then enough"),
    "AUDIT": ("审计：只凭节点重放全部记录", "Audit: the whole trail replayed from the node alone"),
}

STEPS: Mapping[str, tuple[str, str]] = {
    "SETUP.programmes": ("发券机构各自开设券种", "Each issuer opens its programme"),
    "SETUP.policy_hashes_differ": ("券种规则的哈希各不相同", "Every policy file has its own hash"),
    "SETUP.directory": ("服务机构入库、企业登记、纳入互认目录", "Labs admitted, firms enrolled, labs recognised"),
    "SETUP.pools": ("拨付单位拨入兑付资金（分）", "Payers fund their pools (fen)"),
    "AT-01.dry_run": ("Excel 名单试运行：逐行报错，不发放", "Dry run of the Excel list: bad rows by line, nothing issued"),
    "AT-01.issue": ("发放三张各 10,000 元的科技券", "Three vouchers of 10,000 yuan issued"),
    "AT-01.verify": ("上海服务机构核验", "The Shanghai lab verifies"),
    "AT-01.quote": ("试算：补贴 4,800 元，企业付 3,200 元，占五张券", "Quote: 4,800 of subsidy, the firm pays 3,200, five notes"),
    "AT-01.reserve": ("双方签名，锁定额度", "Both sign; reserved"),
    "AT-01.redeem": ("双方签名，申请兑付", "Both sign; redeemed"),
    "AT-01.endorse": ("上海初审", "Shanghai endorses"),
    "AT-01.accept": ("长兴审核通过", "Changxing accepts"),
    "AT-01.settle": ("长兴拨付", "Changxing settles"),
    "AT-01.balance": ("余额：剩余 200 元失效（分）", "Balance: the last 200 yuan lapse (fen)"),
    "AT-01.dead_notes": ("第 1–5 号券在各地区均已用", "Notes 1–5 are dead in every region"),
    "AT-01.dead_notes_refused": ("北京再用六张：不予受理", "Six notes in Beijing: refused"),
    "AT-12.three_at_once": ("上海、北京、昆山同时提交", "Shanghai, Beijing and Kunshan submit at once"),
    "AT-12.refusals": ("未受理者获知何时、在何地区被锁定，不知是哪家机构", "The refused learn since when and where, not at which lab"),
    "AT-12.held_once": ("该券只被锁定一次", "The voucher is held once"),
    "INVOICE.reserve": ("北京企业在上海下单，待北京审核确认", "A Beijing firm orders in Shanghai; Requested"),
    "INVOICE.approve": ("北京审核确认", "Beijing approves"),
    "INVOICE.second_claim": ("用已兑付的发票再次申请：不予受理", "The invoice of AT-01 again: refused"),
    "INVOICE.nothing_changed": ("券、订单、资金、记录均未变化", "Voucher, order, pool and trail are unchanged"),
    "AT-18.right_project": ("企业真、券号真、项目真", "Enterprise, serial and project true"),
    "AT-18.wrong_project": ("企业真、券号真、项目不符", "Right serial, wrong project"),
    "AT-18.unused_voucher": ("尚无订单：项目未登记，而非不符", "Nothing ordered yet: not registered, which is not false"),
    "AT-18.wrong_serial": ("券号不符", "Wrong serial"),
    "AT-05.pool_one_fen_short": ("拨入 299,999.99 元", "299,999.99 yuan in the pool"),
    "AT-05.refused_before_service": ("服务前即整单不受理", "Refused whole, before the service"),
    "AT-05.nothing_changed": ("没有留下任何部分状态", "No partial state"),
    "AT-05.pool_enough": ("补足一分", "One fen more"),
    "AT-05.reserve": ("同一订单锁定成功", "The very same order is reserved"),
    "AT-05.redeem": ("申请兑付 300,000 元", "300,000 yuan redeemed"),
    "AT-05.accept": ("昆山审核通过", "Kunshan accepts"),
    "AT-05.settle": ("上海拨付单位拨付", "Shanghai's payer settles"),
    "AT-05.pool_after": ("预拨兑付资金 300,000 元全部拨付", "All 300,000 yuan of the pool are committed and paid"),
    "AUDIT.replay": ("事件与合约状态之间的差异、不变量违例", "Differences between events and contracts; breached invariants"),
    "AUDIT.counts": ("券数与订单数", "Vouchers and orders"),
    "AUDIT.fen": ("发放、申请兑付、拨付（分）", "Issued, redeemed, settled (fen)"),
    "AUDIT.gateway_trail_is_the_same": ("网关给出的记录与节点一致", "The gateway's trail is the node's"),
}

SENTENCES: Mapping[str, tuple[str, str]] = {
    "node": ("启动链", "Starting the chain"),
    "founding": ("部署合约、生成密钥、授予角色", "Deploying, making keys, granting roles"),
    "gateways": ("启动四个地区服务网关", "Starting four gateways"),
    "expected": ("应为", "expected"),
    "passed": ("全部 {count} 步与预期一致，用时 {seconds:.0f} 秒。", "All {count} steps came out as expected, in {seconds:.0f} seconds."),
    "failed": ("{count} 步中有 {bad} 步与预期不符。", "{bad} of {count} steps came out differently."),
    "audit": (
        "区块 {block}：事件 {events}，比对 {compared} 个状态，券 {vouchers}，订单 {orders}；发放 {issued} 元，申请兑付 {redeemed} 元，拨付 {settled} 元；差异 {differences}。",  # noqa: E501 - one line on the screen
        "Block {block}: {events} events, {compared} slots compared, {vouchers} vouchers, {orders} orders; issued {issued}, redeemed {redeemed}, settled {settled} yuan; differences {differences}.",  # noqa: E501 - one line on the screen
    ),
    "staying": (
        "继续运行；{path} 中有全部地址与样例密钥。按 Ctrl-C 结束。",
        "Still running; {path} tells all addresses and keys. Ctrl-C ends it.",
    ),
    "taken": ("{path} 不是空目录；请另选。", "{path} is not empty; name another."),
}


def case(key: str, lang: str) -> str:
    """A case's title."""
    return _chosen(CASES.get(key, (key, key)), lang)


def step(case_key: str, key: str, lang: str) -> str:
    """A step's line."""
    return _chosen(STEPS.get(f"{case_key}.{key}", (key, key)), lang)


def sentence(key: str, lang: str, **values: object) -> str:
    """A sentence with its values."""
    return _chosen(SENTENCES[key], lang).format(**values)


def _chosen(texts: tuple[str, str], lang: str) -> str:
    return texts[0] if lang == "zh" else texts[1]
