"""Where a login is kept, in a file and in a secret of AWS; how old it is; and that nobody else sees it."""

import json
import logging
import os
import stat
import threading
import uuid
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspotify_assets.aws.secret_tokens import SecretTokenStore
from pyspotify_assets.aws.session import client as aws_client
from pyspotify_assets.errors import AwsError, LoginError
from pyspotify_assets.spotify.login_age import dies_on, in_words, login_due, token_age
from pyspotify_assets.spotify.token_store import FileTokenStore, Keeper, Login, TokenStore, token_store, user_options

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
LOGIN = Login("an-app", "its-refresh-token-0123", NOW, ("user-library-read", "user-top-read"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "when needed" / "token.json"


@pytest.fixture
def secret(s3_environment: str) -> str:
    """The name of a new secret with the credentials of an app, and something else that somebody put there."""
    name = f"PySpotify-{uuid.uuid4().hex}"
    values = {"client_id": "an-app", "client_secret": "its-own-key-0123", "note": "kept"}
    aws_client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(values))
    return name


@pytest.fixture(params=["file", "secret"])
def store(request: pytest.FixtureRequest, path: Path) -> TokenStore:
    return token_store("" if request.param == "file" else request.getfixturevalue("secret"), str(path))


def in_secret(secret: str) -> dict:
    return json.loads(aws_client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])


class TestEitherStore:
    def test_has_no_login_before_somebody_logs_in(self, store):
        assert store.read("an-app") is None
        assert user_options(store, "an-app") == {}
        assert store.forget("an-app") is False

    def test_gives_back_what_was_put_into_it(self, store):
        store.write(LOGIN)

        assert store.read("an-app") == LOGIN

    def test_never_gives_another_apps_login(self, store):
        store.write(LOGIN)

        assert store.read("another-app") is None
        assert store.read("") is None
        assert user_options(store, "another-app") == {}
        assert store.forget("another-app") is False
        assert store.read("an-app") == LOGIN

    def test_keeps_the_latest_login_of_an_app(self, store):
        store.write(LOGIN)
        later = Login("an-app", "a-later-refresh-token", NOW + timedelta(days=1))

        store.write(later)

        assert store.read("an-app") == later

    def test_forgets(self, store):
        store.write(LOGIN)

        assert store.forget("an-app") is True
        assert store.read("an-app") is None
        assert store.forget("an-app") is False

    def test_keeps_a_refresh_token_that_came_later_with_the_day_of_the_login(self, store):
        store.write(LOGIN)
        options = user_options(store, "an-app")
        assert options["refresh_token"] == LOGIN.refresh_token

        options["on_refresh_token"]("a-later-refresh-token")

        assert store.read("an-app") == Login("an-app", "a-later-refresh-token", NOW, LOGIN.scopes)
        assert options["on_refresh_token"].latest() == "a-later-refresh-token"

    def test_shows_no_token_of_its_own(self, store):
        store.write(LOGIN)

        shown = f"{store!r}{store.place}{store.read('an-app')!r}{user_options(store, 'an-app')['on_refresh_token']!r}"

        assert LOGIN.refresh_token not in shown


class TestTheFile:
    def test_and_its_folder_are_the_owners_alone(self, path):
        umask = os.umask(0)
        try:
            FileTokenStore(path).write(LOGIN)
        finally:
            os.umask(umask)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
    def test_is_not_used_when_others_can_read_or_write_it(self, path, mode):
        store = FileTokenStore(path)
        store.write(LOGIN)
        path.chmod(mode)

        with pytest.raises(LoginError, match=f"mode 0{mode:o}") as caught:
            store.read("an-app")

        assert f"chmod 600 {path}" in caught.value.remedy
        assert LOGIN.refresh_token not in str(caught.value)

    def test_that_others_could_read_is_the_owners_alone_after_the_next_login(self, path):
        store = FileTokenStore(path)
        store.write(LOGIN)
        path.chmod(0o644)

        store.write(LOGIN)

        assert store.read("an-app") == LOGIN

    def test_holds_a_login_for_each_of_several_apps(self, path):
        store = FileTokenStore(path)
        others = Login("another-app", "another-refresh-token")
        store.write(LOGIN)
        store.write(others)

        assert store.forget("an-app") is True
        assert store.read("another-app") == others

    def test_is_gone_with_the_last_login(self, path):
        store = FileTokenStore(path)
        store.write(LOGIN)

        store.forget("an-app")

        assert list(path.parent.iterdir()) == []

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "{",
            "[]",
            "null",
            '{"apps": []}',
            '{"apps": {"an-app": {}}}',
            '{"apps": {"an-app": {"refresh_token": 7}}}',
        ]
        + [json.dumps({"apps": {"an-app": {"refresh_token": token}}}) for token in ("", "a b", "a\nb", "é")],
    )
    def test_that_is_damaged_says_so_and_the_next_login_mends_it(self, path, content):
        path.parent.mkdir(parents=True)
        path.write_text(content, encoding="utf-8")
        path.chmod(0o600)
        store = FileTokenStore(path)

        with pytest.raises(LoginError, match="damaged") as caught:
            store.read("an-app")
        assert caught.value.remedy == "Log in again: pyspotify login"

        store.write(LOGIN)
        assert store.read("an-app") == LOGIN

    def test_that_is_damaged_can_be_forgotten(self, path):
        path.parent.mkdir(parents=True)
        path.write_text('{"apps": {"an-app": {"refresh_token": "its-refr', encoding="utf-8")

        assert FileTokenStore(path).forget("an-app") is True
        assert not path.exists()

    def test_that_cannot_be_written_says_why_and_leaves_nothing_behind(self, tmp_path):
        (tmp_path / "a-file").write_text("")
        store = FileTokenStore(tmp_path / "a-file" / "token.json")

        with pytest.raises(LoginError, match=r"cannot be (read|written)") as caught:
            store.write(LOGIN)

        assert "PYSPOTIFY_TOKEN_FILE" in caught.value.remedy
        assert [path.name for path in tmp_path.iterdir()] == ["a-file"]

    def test_is_whole_whenever_it_is_read(self, path):
        store = FileTokenStore(path)
        store.write(LOGIN)
        ended = threading.Event()

        def write_again_and_again() -> None:
            while not ended.is_set():
                store.write(LOGIN)

        writer = threading.Thread(target=write_again_and_again)
        writer.start()
        try:
            assert {store.read("an-app") for _ in range(300)} == {LOGIN}
        finally:
            ended.set()
            writer.join()

    def test_in_the_home_folder_is_found_there(self, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path))

        assert FileTokenStore("~/token.json").place == str(tmp_path / "token.json")

    def test_in_a_home_folder_that_is_not_known_has_no_login_and_takes_none(self, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        store = FileTokenStore("~nobody-of-that-name/token.json")

        assert store.read("an-app") is None
        with pytest.raises(LoginError, match="no home folder"):
            store.write(LOGIN)
        assert list(tmp_path.iterdir()) == []

    @given(
        st.builds(
            Login,
            st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
            st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
            st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda instant: instant.replace(microsecond=0)),
            st.lists(st.from_regex(r"[a-z-]+", fullmatch=True)).map(tuple),
        )
    )
    def test_gives_back_every_login_that_there_can_be(self, tmp_path_factory, login):
        store = FileTokenStore(tmp_path_factory.getbasetemp() / "any" / "token.json")

        store.write(login)

        assert store.read(login.client_id) == login


class TestTheSecret:
    def test_keeps_the_apps_credentials_and_what_else_is_in_it(self, secret):
        before, store = in_secret(secret), SecretTokenStore(secret)

        store.write(LOGIN)
        assert in_secret(secret) == {
            **before,
            "refresh_token": LOGIN.refresh_token,
            "authorised_at": "2026-11-22T09:15:00+00:00",
            "scope": "user-library-read user-top-read",
            "authorised_for": "an-app",
        }

        store.forget("an-app")
        assert in_secret(secret) == before

    def test_with_a_refresh_token_that_somebody_put_there_by_hand_is_a_login_of_unknown_age(self, secret):
        values = {"client_id": "an-app", "client_secret": "k", "refresh_token": "by-hand", "authorised_at": "spring"}
        aws_client("secretsmanager").put_secret_value(SecretId=secret, SecretString=json.dumps(values))

        assert SecretTokenStore(secret).read("an-app") == Login("an-app", "by-hand")

    def test_that_was_given_another_apps_credentials_has_no_login_any_more(self, secret):
        store = SecretTokenStore(secret)
        store.write(LOGIN)
        values = {**in_secret(secret), "client_id": "another-app"}
        aws_client("secretsmanager").put_secret_value(SecretId=secret, SecretString=json.dumps(values))

        assert store.read("another-app") is None

    @pytest.mark.parametrize("value", [" ", "not JSON", "[]", "{}", '{"client_id": "another-app"}'])
    def test_takes_no_login_where_nobody_would_find_it(self, secret, value):
        aws_client("secretsmanager").put_secret_value(SecretId=secret, SecretString=value)

        with pytest.raises(AwsError, match=f"{secret} does not have the credentials of the app an-app"):
            SecretTokenStore(secret).write(LOGIN)

        assert aws_client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"] == value

    def test_that_is_not_there_is_named(self, s3_environment):
        with pytest.raises(AwsError, match="The secret PySpotify-nowhere is not there"):
            SecretTokenStore("PySpotify-nowhere").read("an-app")

    def test_is_in_no_log_of_any_level(self, secret, caplog):
        caplog.set_level(logging.DEBUG)
        for name in ("boto3", "botocore", "urllib3"):
            caplog.set_level(logging.DEBUG, name)
        store = SecretTokenStore(secret)

        store.write(LOGIN)
        store.read("an-app")
        store.forget("an-app")

        assert "botocore" in caplog.text
        for value in (LOGIN.refresh_token, "its-own-key-0123"):
            assert value not in caplog.text


class TestAge:
    @pytest.mark.parametrize(
        ("now", "due"),
        [
            (datetime(2026, 5, 22, 9, 15, tzinfo=UTC), None),
            (datetime(2026, 10, 22, 9, 14, 59, tzinfo=UTC), None),
            (datetime(2026, 10, 22, 9, 15, tzinfo=UTC), "warning"),
            (datetime(2026, 11, 22, 9, 14, 59, tzinfo=UTC), "warning"),
            (datetime(2026, 11, 22, 9, 15, tzinfo=UTC), "dead"),
            (datetime(2028, 1, 1, tzinfo=UTC), "dead"),
            (datetime(2026, 5, 1, tzinfo=UTC), None),  # of a clock that is behind
        ],
    )
    def test_is_a_reason_to_log_in_again_from_five_months_on(self, now, due):
        assert login_due(datetime(2026, 5, 22, 9, 15, tzinfo=UTC), now) == due

    def test_that_nobody_knows_is_no_reason(self):
        assert login_due(None, NOW) is None
        assert "Nobody knows" in in_words(None, NOW)

    def test_is_told_with_both_days_and_what_to_do(self):
        since = datetime(2026, 5, 22, 9, 15, tzinfo=UTC)
        told = [in_words(since, since + timedelta(days=days)) for days in (0, 160, 183, 400)]

        assert told == [
            "The login of 2026-05-22 ends on 2026-11-22, in 184 days.",
            "The login of 2026-05-22 ends on 2026-11-22, in 24 days. Log in again: pyspotify login",
            "The login of 2026-05-22 ends on 2026-11-22, in 1 day. Log in again: pyspotify login",
            "The login of 2026-05-22 is over since 2026-11-22. Log in again: pyspotify login",
        ]

    def test_of_the_last_day_of_a_long_month_ends_with_the_shorter_one(self):
        assert dies_on(datetime(2026, 8, 31, tzinfo=UTC)) == datetime(2027, 2, 28, tzinfo=UTC)

    @given(
        st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone(timedelta(hours=-3)))),
        st.timedeltas(timedelta(days=-10), timedelta(days=400)),
    )
    def test_never_goes_back_from_dead_to_fresh_and_six_months_are_half_a_year(self, since, passed):
        order = [None, "warning", "dead"]
        earlier, later = (login_due(since, since + passed + more) for more in (timedelta(), timedelta(hours=7)))

        assert order.index(earlier) <= order.index(later)
        assert timedelta(days=180) < dies_on(since) - since < timedelta(days=185)
        assert token_age(since, since + passed) == max(passed, timedelta())


def test_a_keeper_of_a_login_that_is_gone_knows_of_no_later_one(path):
    assert Keeper(FileTokenStore(path), LOGIN).latest() == ""
