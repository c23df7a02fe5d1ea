"""
What is said of a code or number that can be nobody's, in Chinese and in English. Pure.

`registry.tags` refuses it in English, by what it should have been and why it is not; both have Chinese words here.
"""

from registry.state_words import Words

KINDS: dict[str, str] = {
    "SHA-256": "SHA-256 值",
    "bank reference": "银行流水号",
    "company code": "统一社会信用代码或团队代码",
    "contract number": "合同编号",
    "form of a report": "报告形式",
    "fully digital invoice number": "数电发票号码",
    "invoice code": "发票代码",
    "invoice number": "发票号码",
    "kind of document": "材料类别",
    "project": "项目编号或名称",
    "region code": "地区代码",
    "registration number": "登记编号",
    "serial number": "券号",
}

REASONS: dict[str, str] = {
    "10 or 12 digits are asked for": "应为 10 位或 12 位数字",
    "20 digits are asked for; an older invoice has a code as well": "应为 20 位数字；旧发票须另填发票代码",
    "64 hexadecimal digits in lower case are asked for": "应为 64 位小写十六进制数字",
    "8 digits are asked for": "应为 8 位数字",
    "it has characters that cannot be printed": "含有不可见字符",
    "it has not six digits": "应为 6 位数字",
    "it has other characters than digits and Latin letters": "含有数字与拉丁字母以外的字符",
    "nothing but spaces and dashes": "只有空格与横线",
    "there were none in that year; give code and number apart": "所示年份尚无数电发票，请分填发票代码与号码",
    # What python-stdnum says of a company code.
    "One of the parts of the number are invalid or unknown.": "登记管理部门、机构类别或行政区划部分有误",
    "The number has an invalid format.": "格式有误",
    "The number has an invalid length.": "位数有误，应为 18 位",
    "The number's checksum or check digit is invalid.": "校验码不符，请核对是否输错",
}


def why_no_code(kind: str, value: str, reason: str) -> Words:
    """
    What was given, what it is not, and why not.

    >>> why_no_code("invoice number", "123", "8 digits are asked for")
    ('“123”不是发票号码：应为 8 位数字。', "'123' is no invoice number: 8 digits are asked for.")
    """
    zh = f"“{value}”不是{KINDS.get(kind, kind)}：{REASONS.get(reason, reason)}。"
    return zh, f"{value!r} is no {kind}: {reason.removesuffix('.')}."
