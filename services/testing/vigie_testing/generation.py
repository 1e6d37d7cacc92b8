"""How requests are made up: the same ones at every run, and nothing kept between runs."""

from hypothesis import HealthCheck, Phase, settings


def made_up(examples: int) -> settings:
    """So many of them."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
