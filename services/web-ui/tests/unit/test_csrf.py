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
    whole = csrf.issue(SECRET, "session-one")
    for part in (whole[:64], whole[:62] + whole[64:], whole + "00", "00", "0"):
        assert not csrf.matches(SECRET, "session-one", part)


def test_each_token_is_another_one_and_all_of_them_fit() -> None:
    tokens = {csrf.issue(SECRET, "session-one") for _ in range(20)}
    assert len(tokens) == 20
    assert all(csrf.matches(SECRET, "session-one", token) for token in tokens)


def test_visits_cannot_be_guessed() -> None:
    assert len({csrf.new_visit() for _ in range(100)}) == 100
    assert len(csrf.new_visit()) >= 32
