"""Which alerts make others uninteresting? Pure rules, as Alertmanager's inhibit_rules.

While an alert that matches the source of a rule fires, those that match its target and have equal
values of the named labels page nobody. An alert that matches both sides is inhibited only by one
that does not match the target: two such would inhibit each other, and one alone itself.
Source: Alertmanager, inhibit/inhibit.go (excludeTwoSidedMatch).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alert_ingestion.matchers import Matchers, all_match


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; ``equal`` are names of labels that have the same value on both sides."""

    id: UUID
    name: str
    source: Matchers
    target: Matchers
    equal: tuple[str, ...]
    author: str
    comment: str
    created_at: datetime
    ended_at: datetime | None = None

    def source_key(self, labels: Mapping[str, str]) -> str | None:
        """Under which an alert with these labels inhibits others; None for one that does not."""
        if not all_match(self.source, labels):
            return None
        return self._key(labels, two_sided=all_match(self.target, labels))

    def target_keys(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The keys of sources by which an alert with these labels is inhibited."""
        if not all_match(self.target, labels):
            return ()
        one_sided = self._key(labels, two_sided=False)
        if all_match(self.source, labels):
            return (one_sided,)
        return (one_sided, self._key(labels, two_sided=True))

    def _key(self, labels: Mapping[str, str], *, two_sided: bool) -> str:
        # An absent label counts as empty, as there.
        values = [labels.get(name, "") for name in self.equal]
        return json.dumps([two_sided, *values], ensure_ascii=False)
