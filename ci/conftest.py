"""Lets the tests below ci/ import its packages, as ci/pipeline.sh does with PYTHONPATH."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
