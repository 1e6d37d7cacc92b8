"""Matchers as Alertmanager reads them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alert_ingestion.matchers import InvalidMatcher, Matcher, all_match, from_stored, parse

LABELS = {"service": "checkout", "severity": "high", "region": "eu-west-1"}
NAMES = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=8)
VALUES = st.text(max_size=20)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ('service="checkout"', True),
        ("service=checkout", True),
        ('{service="checkout",severity=~"low|high"}', True),
        ("service!=checkout", False),
        ('severity=~"hi"', False),
        ('severity=~"hi.*"', True),
        ('severity!~"low|medium"', True),
        ('absent=""', True),
        ('absent!="x"', True),
        ('absent=~".+"', False),
        (' service = "checkout" , region=~"eu-.*" ', True),
        ('{service="checkout",}', True),
    ],
)
def test_it_matches_whole_values_and_an_absent_label_is_an_empty_one(
    text: str, *, matches: bool
) -> None:
    assert all_match(parse(text), LABELS) is matches


@pytest.mark.parametrize(
    "text", ["service", "=x", '{service="x"', 'a="b" c="d"', 'a=~"("', 'a="\\x"']
)
def test_what_is_no_matcher_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidMatcher, match=r"\w+ .*"):
        parse(text)


@given(name=NAMES, value=VALUES, is_equal=st.booleans())
def test_what_is_written_is_read_again(name: str, value: str, *, is_equal: bool) -> None:
    matcher = Matcher(name, value, is_equal=is_equal)
    assert parse(str(matcher)) == (matcher,)
    assert from_stored([matcher.stored()]) == (matcher,)


@given(value=VALUES, labels=st.dictionaries(NAMES, VALUES, max_size=3), name=NAMES)
def test_each_sign_is_the_opposite_of_its_pair(
    value: str, labels: dict[str, str], name: str
) -> None:
    for pattern, is_regex in ((value, False), (re.escape(value), True)):
        if is_regex and "\x00" in value:
            continue
        same = Matcher(name, pattern, is_regex=is_regex)
        other = Matcher(name, pattern, is_regex=is_regex, is_equal=False)
        assert same.matches(labels) is not other.matches(labels)
        assert same.matches(labels) is (labels.get(name, "") == value)


def test_an_expression_that_others_never_finish_is_quick() -> None:
    assert not all_match(parse('service=~"(a+)+b"'), {"service": "a" * 5_000})
