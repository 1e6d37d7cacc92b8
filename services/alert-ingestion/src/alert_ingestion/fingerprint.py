"""Identity of an alert within its integration."""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

_FNV_OFFSET: Final = 14695981039346656037
_FNV_PRIME: Final = 1099511628211
_MASK_64: Final = (1 << 64) - 1
_SEPARATOR: Final = b"\xff"


def of_labels(labels: Mapping[str, str]) -> str:
    """The fingerprint Prometheus and Alertmanager give a label set: FNV-1a over sorted pairs.

    The same function as theirs (prometheus/common, model/signature.go), so that an alert that
    arrives from Prometheus directly and through Alertmanager's webhook is one alert.
    """
    value = _FNV_OFFSET
    for name in sorted(labels, key=lambda label: label.encode()):
        for byte in name.encode() + _SEPARATOR + labels[name].encode() + _SEPARATOR:
            value = ((value ^ byte) * _FNV_PRIME) & _MASK_64
    return f"{value:016x}"


def of_content(service: str, message: str, labels: Mapping[str, str]) -> str:
    """Identity of a native alert without a dedup_key: its service, message and sorted labels."""
    content = json.dumps([service, message, sorted(labels.items())], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
