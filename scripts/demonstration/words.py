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
    "MORE": ("其余案例的准备：天津、河北与两个样例券种", "Set-up of the other cases: Tianjin, Hebei and two sample programmes"),
    "AT-02": ("案例 AT-02 · 一份 Excel 名单，向 233 家企业预发各 10,000 元", "AT-02 · one Excel list: 10,000 yuan to each of 233 firms"),
    "AT-03": (
        "案例 AT-03 · 增发至 100,000 元，再发一张即超当年上限",
        "AT-03 · top-ups to 100,000 yuan; the next note is over the yearly cap",
    ),
    "AT-04": ("案例 AT-04 · 使用截止日的最后一秒与下一秒", "AT-04 · the last second of a voucher, and the next"),
    "AT-06": ("案例 AT-06 · 天津：50 %，最高 100,000 元，只付给企业", "AT-06 · Tianjin: 50 %, at most 100,000 yuan, to the firm alone"),
    "AT-08": ("案例 AT-08 · 河北：省内付给机构，省外付给企业", "AT-08 · Hebei: at home the lab is paid, elsewhere the firm"),
    "AT-11": (
        "案例 AT-11 · 河北券在北京互认机构：先审核确认，由河北拨付",
        "AT-11 · a Hebei voucher at a Beijing lab: approved first, paid by Hebei",
    ),
    "AT-10": ("案例 AT-10 · 北京分段补贴：比例只降不升，界上不跳", "AT-10 · Beijing's slices: rates only fall, and no limit jumps"),
    "AT-13": ("案例 AT-13 · 已入库而未互认的北京实验室", "AT-13 · a Beijing lab that is admitted and recognised nowhere else"),
    "AT-14": ("案例 AT-14 · 按服务条目互认", "AT-14 · recognition by item"),
    "AT-15": ("案例 AT-15 · 未签三方协议的上海机构", "AT-15 · a Shanghai lab without the three-party agreement"),
    "AT-07": (
        "案例 AT-07 · 河北首笔用满一半以上方可再发，累计不超过 100,000 元",
        "AT-07 · Hebei's next grant after more than half is used, 100,000 in all",
    ),
    "AT-09": ("案例 AT-09 · 北京申领资格的边界", "AT-09 · the edges of Beijing's eligibility"),
    "AT-20": ("案例 AT-20 · 非科技型规上企业经审核，同等待遇", "AT-20 · a non-tech above-scale firm, after review, on the same terms"),
    "AT-21": ("案例 AT-21 · 联合券：两家不成，三家可用", "AT-21 · a joint voucher: two firms are too few, three are enough"),
    "AT-22": ("案例 AT-22 · 8,000.01 元的 60 %：分以下舍去", "AT-22 · 60 % of 8,000.01 yuan: never rounded up"),
    "AUDIT": ("审计：只凭节点重放全部记录", "Audit: the whole trail replayed from the node alone"),
}

STEPS: Mapping[str, tuple[str, str]] = {
    "SETUP.programmes": ("发券机构各自开设券种", "Each issuer opens its programme"),
    "SETUP.policy_hashes_differ": ("券种规则的哈希各不相同", "Every policy file has its own hash"),
    "SETUP.directory": ("服务机构入库、企业登记、纳入互认目录", "Labs admitted, firms enrolled, labs recognised"),
    "SETUP.pools": ("拨付单位拨入兑付资金（分）", "Payers fund their pools (fen)"),
    "AT-01.dry_run": ("Excel 名单试运行：逐行报错，不发放", "Dry run of the Excel list: bad rows by line, nothing issued"),
    "AT-01.issue": ("发放三张各 10,000 元的科技券", "Three vouchers of 10,000 yuan issued"),
    "AT-01.firm_verifies": ("企业在本地区平台核验自己的券", "The firm verifies its own voucher at its own region's gateway"),
    "AT-01.verify": ("上海服务机构核验", "The Shanghai lab verifies"),
    "AT-01.quote": ("试算：补贴 4,800 元，企业付 3,200 元，占五张券", "Quote: 4,800 of subsidy, the firm pays 3,200, five notes"),
    "AT-01.reserve": ("双方签名，锁定额度", "Both sign; reserved"),
    "AT-01.redeem": ("双方签名，申请兑付", "Both sign; redeemed"),
    "AT-01.endorse": ("上海初审", "Shanghai endorses"),
    "AT-01.accept": ("长兴审核通过", "Changxing accepts"),
    "AT-01.settle": ("长兴拨付", "Changxing settles"),
    "AT-01.firm_sees": ("企业所见：订单经过与金额", "What the firm sees: how its order went, and the amounts"),
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
    "MORE.programmes": (
        "天津、河北开设券种；长兴、北京各开设一个样例",
        "Tianjin and Hebei open their programmes, Changxing and Beijing a sample each",
    ),
    "MORE.rules": ("链上所载的兑付申请方、审核与条目规则", "Who is paid, who approves, and by item or not, as the chain has it"),
    "MORE.directory": ("服务机构入库、企业登记、纳入互认目录", "Labs admitted, firms enrolled, a lab recognised"),
    "MORE.pools": ("拨付单位拨入兑付资金（分）", "Payers fund their pools (fen)"),
    "AT-02.enrolled": ("登记企业 233 家", "233 firms enrolled"),
    "AT-02.stated": ("企业材料登记在案", "What the office established of them goes on record"),
    "AT-02.dry_run": ("名单预检：233 行，无误", "Dry run: 233 rows, none bad"),
    "AT-02.issue": ("按名单发放", "Issued from the list"),
    "AT-02.notes": ("千元券 2,330 张，共 2,330,000 元（分）", "2,330 notes of 1,000 yuan, 2,330,000 yuan in all (fen)"),
    "AT-02.again": ("同一名单再次提交：认出，不重复发放", "The same list again: recognised, nothing issued"),
    "AT-03.top_ups": ("增发九张各 10,000 元", "Nine more of 10,000 yuan"),
    "AT-03.total": ("企业所见：共 100,000 元（分）", "What the firm sees: 100,000 yuan in all (fen)"),
    "AT-03.next_note": ("再发一张：超过当年上限，不予发放", "One note more: over the cap of the year, refused"),
    "AT-04.issue": ("发放一张十分钟后到期的券", "A voucher issued that ends in ten minutes"),
    "AT-04.last_second": ("区块时间恰为最后一秒：可用", "At a block of exactly the last second: VALID"),
    "AT-04.next_second": ("下一秒：不可用，已过使用截止日", "One second later: NOT_VALID, past use-by"),
    "AT-04.reserve": ("此时锁定额度：不予受理", "Reserving now: refused"),
    "AT-04.balance": ("余额不变（分）", "The balance is what it was (fen)"),
    "AT-04.nothing_changed": (
        "券与预拨兑付资金均未变化，资金仍在发券地区",
        "Voucher and pool are unchanged: the money stays with the issuer",
    ),
    "AT-06.issue": ("发放两张各 100,000 元", "Two vouchers of 100,000 yuan issued"),
    "AT-06.quotes": ("试算：8,000、200,000、260,000 元（分）", "Quotes of 8,000, 200,000 and 260,000 yuan (fen)"),
    "AT-06.reserve": ("锁定额度；各方所见的兑付申请方", "Reserved; who is paid, as each side is told"),
    "AT-06.without_the_firm": (
        "缺企业签名，无论谁提交或代签：不予受理",
        "Without the firm's signature, whoever brings it or stands in: refused",
    ),
    "AT-06.redeem": ("双方签名，申请兑付", "Both sign; redeemed"),
    "AT-06.finish": ("初审、审核通过、拨付", "Endorsed, accepted, settled"),
    "AT-06.capped": ("费用 260,000 元的另一单，走完全程", "Another order, of 260,000 yuan, to its end"),
    "AT-06.paid": ("两单实拨（分）", "What the two were paid (fen)"),
    "AT-08.issue": ("发放首笔 30,000 元", "The first grant of 30,000 yuan issued"),
    "AT-08.home_reserve": ("省内下单；兑付申请方为机构", "Ordered at home; the lab is paid"),
    "AT-08.home_without_the_paid": ("缺机构签名：不予受理，指明所缺", "Without the lab's signature: refused, and named"),
    "AT-08.home_finish": ("申请兑付、审核通过、拨付", "Redeemed, accepted, settled"),
    "AT-08.away_reserve": ("在北京下单并经审核确认；兑付申请方为企业", "Ordered in Beijing and approved; the firm is paid"),
    "AT-08.away_without_the_paid": ("缺企业签名：不予受理，指明所缺", "Without the firm's signature: refused, and named"),
    "AT-08.away_finish": ("申请兑付、审核通过、拨付", "Redeemed, accepted, settled"),
    "AT-11.reserve": ("在北京下单，待河北审核确认", "Ordered in Beijing; Requested"),
    "AT-11.before_approval": ("审核确认前申请兑付：不予受理", "Redeemed before approval: refused"),
    "AT-11.approve": ("河北审核确认", "Hebei approves"),
    "AT-11.redeem": ("企业向河北申请兑付", "The firm claims from Hebei"),
    "AT-11.accept": ("河北审核通过", "Hebei accepts"),
    "AT-11.beijing_settles": ("北京拨付单位拨付：不予受理", "Beijing's payer settles: refused"),
    "AT-11.hebei_settles": ("河北拨付单位拨付", "Hebei's payer settles"),
    "AT-11.money": ("河北资金减少 5,000 元，北京资金不变（分）", "5,000 yuan from Hebei's pool, none from Beijing's (fen)"),
    "AT-10.issue": ("发放一张 500,000 元的券", "A voucher of 500,000 yuan"),
    "AT-10.quotes": ("试算：各分段界前后（分）", "Quotes around each limit (fen)"),
    "AT-10.a_yuan_more": ("界前、界后每多一元所得（分）", "What a yuan more gets before and after each limit (fen)"),
    "AT-10.no_jump": ("过界一分不跳", "One fen past a limit: no jump"),
    "AT-10.one_fen_over_the_cap": ("全年 500,000 元之外再发一分：不予受理", "One fen over 500,000 yuan a year: refused"),
    "AT-13.local": ("北京券在该实验室：可用", "A Beijing voucher there: usable"),
    "AT-13.across": ("河北券在该实验室：未互认，指明该机构", "A Hebei voucher there: not recognised, naming the lab"),
    "AT-14.listed": ("上海登记两台仪器，其中一台纳入互认", "Shanghai lists two instruments, one of them is recognised"),
    "AT-14.issue": ("发放按条目使用的样例券", "A sample voucher that goes by item issued"),
    "AT-14.no_item": ("未指明条目：不予受理", "No item named: refused"),
    "AT-14.not_eligible": ("未互认的仪器：不予受理，指明该条目", "The instrument that is not eligible: refused, naming it"),
    "AT-14.eligible": ("已互认的仪器：锁定额度", "The eligible instrument: reserved"),
    "AT-14.finish": ("走完全程", "To its end"),
    "AT-15.without": ("未签协议：未互认，不予受理", "Without the agreement: not recognised, refused"),
    "AT-15.with": ("同一张券在已签协议的机构：可用", "The same voucher at a lab that has it: VALID"),
    "AT-07.half": ("恰好用去 15,000 元：不予再发", "Exactly 15,000 yuan used: no second grant"),
    "AT-07.one_fen_more": ("再用一分：可以再发", "One fen more: possible"),
    "AT-07.to_100_000": ("累计至 100,000 元：可以", "100,000 yuan in all: possible"),
    "AT-07.over_100_000": ("多一分：超过上限", "One fen more: over the cap"),
    "AT-07.second_grant": ("发放第二笔 30,000 元", "The second 30,000 yuan are issued"),
    "AT-09.at_the_edge": (
        "职工 100 人、资本 2,000 万元、收入 1,000 万元：符合",
        "Staff of 100, capital of 20 million, revenue of 10 million: eligible",
    ),
    "AT-09.staff": ("职工 101 人：不符合", "Staff of 101: not"),
    "AT-09.capital": ("资本多一分：不符合", "One fen more of capital: not"),
    "AT-09.revenue": ("收入多一分：不符合", "One fen more of revenue: not"),
    "AT-09.team": ("开展实际研发的大学生团队：符合", "A student team doing real R&D: eligible"),
    "AT-20.enrol": ("企业登记", "The firm is enrolled"),
    "AT-20.without_review": ("未经审核：不予发放，并说明理由", "Not reviewed: nothing is issued, and the rule is named"),
    "AT-20.issue": ("审核登记后发放 10,000 元", "10,000 yuan issued once the review is on record"),
    "AT-20.quote": ("8,000 元的试算（分）", "The quote of 8,000 yuan (fen)"),
    "AT-20.same_terms": ("与科技型企业相同", "The same as a sci-tech firm's"),
    "AT-21.issue": ("三家企业各得一张联合券", "Three firms get a joint voucher each"),
    "AT-21.two_order": ("两家为同一项目下单，北京审核确认", "Two order for one project; Beijing approves"),
    "AT-21.two_redeem": ("两家申请兑付：联合企业不足", "The two redeem: too few partners"),
    "AT-21.third_orders": ("第三家下单，北京审核确认", "The third orders; Beijing approves"),
    "AT-21.three_redeem": ("三家申请兑付", "The three redeem"),
    "AT-21.finish": ("审核通过、拨付", "Accepted, settled"),
    "AT-22.quote": ("试算：480,000.6 分计 480,000 分", "Quote: 480,000.6 fen are 480,000"),
    "AT-22.reserve": ("双方签名，锁定额度", "Both sign; reserved"),
    "AT-22.one_fen_more": ("多申请一分：不予受理", "One fen more: refused"),
    "AT-22.redeem": ("申请兑付 480,000 分", "480,000 fen redeemed"),
    "AT-22.finish": ("初审、审核通过、拨付", "Endorsed, accepted, settled"),
    "AUDIT.replay": ("事件与合约状态之间的差异、不变量违例", "Differences between events and contracts; breached invariants"),
    "AUDIT.counts": ("券数与订单数", "Vouchers and orders"),
    "AUDIT.fen": ("发放、申请兑付、拨付（分）", "Issued, redeemed, settled (fen)"),
    "AUDIT.gateway_trail_is_the_same": ("网关给出的记录与节点一致", "The gateway's trail is the node's"),
}

SENTENCES: Mapping[str, tuple[str, str]] = {
    "samples": (
        "公司代码、发票号码和密钥均为样例，不属于任何人。",
        "Company codes, invoice numbers and keys are samples and belong to nobody.",
    ),
    "node": ("启动链", "Starting the chain"),
    "founding": ("部署合约、生成密钥、授予角色", "Deploying, making keys, granting roles"),
    "gateways": ("启动四个地区服务网关", "Starting four gateways"),
    "all_gateways": ("启动六个地区服务网关", "Starting six gateways"),
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
