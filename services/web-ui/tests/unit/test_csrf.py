import secrets

from web_ui import csrf

SECRET = secrets.token_urlsafe(24)


def test_a_token_fits_its_own_session_and_no_other() -> None:
    token = csrf.issue(SECRET, "session-one")
    assert csrf.matches(SECRET, "session-one", token)
    assert not csrf.matches(SECRET, "session-two", token)
    assert not csrf.matches(secrets.token_urlsafe(24), "session-one", token)


def test_no_session_and_odd_tokens_match_nothing() -> None:
    assert not csrf.matches(SECRET, "", csrf.issue(SECRET, ""))
    assert not csrf.matches(SECRET, "session-one", "")
    assert not csrf.matches(SECRET, "session-one", "\udcffé")


def test_visits_cannot_be_guessed() -> None:
    assert len({csrf.new_visit() for _ in range(100)}) == 100
    assert len(csrf.new_visit()) >= 32
