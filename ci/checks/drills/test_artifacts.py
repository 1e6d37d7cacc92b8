"""The real stages refuse what was changed between them, before anything is touched."""

from __future__ import annotations

import pytest

from checks.drills.sandbox import Sandbox


@pytest.mark.parametrize("stage", ["scan", "deploy"])
def test_images_that_were_swapped_after_the_build_are_refused(sandbox: Sandbox, stage: str) -> None:
    folder = sandbox.built({"web-ui": "sha256:" + "0" * 64})
    record = folder / "images.json"
    record.write_text(record.read_text().replace("0" * 64, "f" * 64))

    done = sandbox.run(f"{stage}.sh")

    assert done.returncode == 21
    assert f"build: {record} was changed after the stage wrote it" in sandbox.reason(stage)


def test_verify_refuses_a_stack_it_was_not_handed(sandbox: Sandbox) -> None:
    done = sandbox.run("verify.sh")

    assert done.returncode == 21
    assert "the stage did not run to its end here" in sandbox.reason("verify")
