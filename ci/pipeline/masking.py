"""No output of a stage shows a key: tools like to quote the line that they complain about.

Every line that a stage says, and every text that it leaves behind, goes through here, so that no
gate has to trust its tools with it. What counts as a key are the commonest kinds of gitleaks, whose
own findings come without the value. A random value beside a name counts as well, and is known from
then on wherever it stands.

`python3 -m pipeline.masking FILE`: masks a file, before a script shows what a tool said.
"""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from pathlib import Path

MASK = "[masked]"
# What tools said, in files; the rest are records that programs read.
_TEXTS = {".jsonl", ".log", ".tsv", ".txt", ".xml"}
_KNOWN = re.compile(
    r"""
      (?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}           # AWS
    | gh[pousr]_[A-Za-z0-9]{36,} | github_pat_\w{22,}            # GitHub
    | glpat-[\w-]{20,}                                           # GitLab
    | xox[abeoprs]-[\w-]{10,} | hooks\.slack\.com/services/[\w/+]{30,}   # Slack
    | AIza[\w-]{35} | ya29\.[\w-]{20,}                           # Google
    | (?:sk|pk|rk)_(?:live|test)_\w{10,}                         # Stripe
    | npm_[A-Za-z0-9]{36} | pypi-AgEIcHlwaS5vcmc[\w-]{50,}
    | SG\.[\w=-]{16,}\.[\w=-]{16,}                               # SendGrid
    | ey[\w-]{17,}\.ey[\w/-]{17,}\.[\w/-]{10,}                   # a JSON web token
    | -----BEGIN[A-Z ]*PRIVATE\ KEY-----.*?(?:-----END[A-Z ]*PRIVATE\ KEY-----|$)
    """,
    re.VERBOSE,
)
# As gitleaks has it, without "::", which stands in the names of tests.
_NAMED = re.compile(
    r"""(?i)(?:key|api|token|secret|client|passwd|password|auth|access)[\w\-\t\ .]{0,20}
        ['"\s]{0,3}(?:=>|:=|(?<!:):(?!:)|=)['"\s`=]{0,5}(?P<value>[\w\-.+/]{16,150}={0,2})""",
    re.VERBOSE,
)
# Bits a character; words have less. One that stands alone has to be more of a jumble.
_RANDOM_BITS, _ALONE_BITS = 3.5, 4.2
_ALONE = re.compile(r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)(?P<value>[\w-]{32,150})")
_PREFIX = 16  # by which a value is known that a tool cut short
_BEGIN, _END = re.compile(r"-----BEGIN[A-Z ]*PRIVATE KEY"), "PRIVATE KEY-----"
_BLOCK_LINES = 120


class Mask:
    """Masks what a stage says, line by line: a private key goes over many."""

    def __init__(self) -> None:
        self._left = 0  # lines of a key's block still to come
        self._learned: set[str] = set()

    def line(self, text: str) -> str:
        """The line without what looks like a key."""
        begins = _BEGIN.search(text)
        if begins and _END not in text[begins.end() + len("-----") :]:
            self._left = _BLOCK_LINES
        elif self._left:
            self._left = 0 if _END in text else self._left - 1
            return MASK
        self.learn(text)
        text = _KNOWN.sub(MASK, text)
        for beginning in self._learned:
            text = re.sub(rf"{re.escape(beginning)}[\w\-.=+/]*", MASK, text)
        return text

    def learn(self, text: str) -> None:
        """Know the random values here, wherever they stand, also cut short."""
        for pattern, bits in ((_NAMED, _RANDOM_BITS), (_ALONE, _ALONE_BITS)):
            values = (found["value"] for found in pattern.finditer(text))
            self._learned |= {value[:_PREFIX] for value in values if _is_random(value, bits)}

    def clean(self, *paths: Path) -> None:
        """Mask files; one without a key stays as it is."""
        texts = {it: it.read_text(encoding="utf-8", errors="surrogateescape") for it in paths}
        for text in texts.values():
            self.learn(text)
        for path, text in texts.items():
            masked = "\n".join(self.line(line) for line in text.split("\n"))
            if masked != text:
                path.write_text(masked, encoding="utf-8", errors="surrogateescape")

    def clean_folder(self, folder: Path) -> None:
        """Mask the texts that tools left in a folder."""
        self.clean(*(it for it in folder.rglob("*") if it.suffix in _TEXTS and it.is_file()))


def _is_random(value: str, bits: float) -> bool:
    counts = Counter(value).values()
    found = -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
    return found >= bits and bool(re.search(r"\d", value) and re.search("[A-Za-z]", value))


if __name__ == "__main__":
    Mask().clean(Path(sys.argv[1]))
