"""What is said of a request whose shape is wrong, by pydantic's type of error, in Chinese and in English. Pure."""

from collections.abc import Mapping
from typing import Any

WORDS: Mapping[str, str] = {
    "bool_parsing": "须为 true 或 false",
    "bool_type": "须为 true 或 false",
    "date_from_datetime_parsing": "须为日期，如 2026-12-31",
    "date_parsing": "须为日期，如 2026-12-31",
    "dict_type": "须为 JSON 对象",
    "enum": "须为下列之一：{expected}",
    "extra_forbidden": "没有此字段",
    "finite_number": "须为有限数值",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "须不小于 {ge}",
    "int_from_float": "须为整数",
    "int_parsing": "须为整数",
    "int_type": "须为整数",
    "json_invalid": "不是有效的 JSON",
    "less_than": "须小于 {lt}",
    "less_than_equal": "须不大于 {le}",
    "list_type": "须为数组",
    "literal_error": "须为下列之一：{expected}",
    "missing": "缺少此字段",
    "model_attributes_type": "须为 JSON 对象",
    "model_type": "须为 JSON 对象",
    "string_pattern_mismatch": "格式有误，须符合 {pattern}",
    "string_too_long": "最多 {max_length} 个字符",
    "string_too_short": "至少 {min_length} 个字符",
    "string_type": "须为字符串",
    "too_long": "最多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
    "union_tag_invalid": "类别须为下列之一：{expected_tags}",
    "union_tag_not_found": "缺少类别字段",
}


def why_invalid(error: Mapping[str, Any]) -> str:
    """
    What is wrong, as pydantic found it; in English alone where its type has no words here. Our own validators say both themselves.

    >>> why_invalid({"type": "greater_than_equal", "msg": "Input should be greater than or equal to 1", "ctx": {"ge": 1}})
    '须不小于 1。 Input should be greater than or equal to 1.'
    """
    en = error["msg"].removeprefix("Value error, ")
    zh = WORDS.get(error["type"])
    return en if zh is None else f"{zh.format_map(error.get('ctx', {}))}。 {en}."
