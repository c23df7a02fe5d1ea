"""
The cases that only `--all` plays, after those of every demonstration and before the audit; and those of `--records`.

By what they are about: `more`, what they need; `issuing`, lists and days; `payee`, who is paid and by whom; `catalogue`, where a
voucher may be used; `amounts`, slices, whole fen and the partners of a joint voucher; `records`, the papers' figures out of hundreds of
records, which go by themselves, since they are more transactions than all others together.
"""

from collections.abc import Mapping

from scripts.demonstration import play
from scripts.demonstration.cases import amounts, catalogue, issuing, more, payee, records
from scripts.demonstration.scene import Case

ALL: Mapping[str, Case] = {
    **{name: case for name, case in play.CASES.items() if case is not play.audit},
    "MORE": more.set_up,
    "AT-02": issuing.one_list_for_all,
    "AT-03": issuing.top_ups,
    "AT-04": issuing.last_second,
    "AT-06": payee.tianjin,
    "AT-08": payee.hebei_at_home_and_away,
    "AT-11": payee.hebei_in_beijing,
    "AT-07": payee.tranche,
    "AT-09": issuing.beijing_edges,
    "AT-10": amounts.slices,
    "AT-13": catalogue.local_only,
    "AT-14": catalogue.by_item,
    "AT-15": catalogue.without_agreement,
    "AT-20": issuing.after_review,
    "AT-21": amounts.joint,
    "AT-22": amounts.whole_fen,
    "AUDIT": play.audit,
}
"""In the order of playing; later cases build on earlier ones."""

RECORDS: Mapping[str, Case] = {
    "SETUP": play.setup,
    "MORE": more.set_up,
    "AT-16": records.tianjin_in_beijing,
    "AT-17": records.changxing_elsewhere,
    "AT-19": records.month_close,
    "AUDIT": play.audit,
}
"""Of `--records`; AT-19 closes the month of AT-17's last uses."""
