"""Why a rehearsal is not begun or gone on with, and why its report is none. Nothing was sent to the chain."""

from collections.abc import Mapping

from registry.errors import TongquanError

REPORT_REASONS: Mapping[str, str] = {
    "it has no report and signature": "文件中没有报告和签名",
    "it is of another form": "格式不是本版本的",
    "it is not signed by the account that it names": "不是由所载账户签署",
    "it is of another rehearsal": "报告属于另一演练",
    "this version has other checks": "本版本的检查项与报告不同",
}


class RehearsalRefused(TongquanError):
    """A folder is no rehearsal, or something is missing in it; the message says what."""


class WrongGateway(RehearsalRefused):
    """The gateway is not this rehearsal's, or does not know its callers; the message says which, and what to do."""


class ReportRefused(TongquanError):
    """A file is no conformance report, none that its region signed, or not the one that is asked for; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"符合性报告不予采用：{REPORT_REASONS[reason]}。 The conformance report is refused: {reason}.")
        self.reason = reason
