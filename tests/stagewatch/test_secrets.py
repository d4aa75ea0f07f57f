"""Secrets: where they may stand, and that nobody is told them, whatever else is wrong."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from stagewatch.app import connection_of
from stagewatch.cli import main
from stagewatch.settings import Loaded, SettingsError, load, shown
from stagewatch.settings.loading import revealed
from tests.kafka.worker import command, environment

SECRET = "nobody-may-read-this"  # noqa: S105  of this test alone
LOGIN = {"security.protocol": "SASL_PLAINTEXT", "security.mechanism": "PLAIN", "security.username": "shop"}
ENVIRONMENT = {f"STAGEWATCH_{name.replace('.', '_').upper()}": value for name, value in LOGIN.items()}


def written(folder: Path, text: str, name: str = "secret") -> str:
    file = folder / name
    file.write_text(text)
    return str(file)


def password(loaded: Loaded) -> str | None:
    return revealed(loaded.settings.security.password)


def faults(given: dict[str, str], file: str | None = None) -> list[str]:
    with pytest.raises(SettingsError) as error:
        load(given, file)
    return list(map(str, error.value.faults))


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_can_stand_in_a_file_that_the_environment_names(tmp_path: Path, end: str) -> None:
    file = written(tmp_path, f" {SECRET} {end}")
    loaded = load(ENVIRONMENT | {"STAGEWATCH_SECURITY_PASSWORD_FILE": file})
    assert password(loaded) == f" {SECRET} "
    assert loaded.origin(("security", "password")) == "STAGEWATCH_SECURITY_PASSWORD_FILE"


@pytest.mark.parametrize("name", ["settings.yaml", "settings.toml"])
def test_a_secret_can_stand_in_a_file_that_the_settings_file_names(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, SECRET)
    line = f"[security]\npassword_file = '{file}'\n" if "toml" in name else f"security: {{password_file: {file}}}\n"
    loaded = load(ENVIRONMENT, written(tmp_path, line, name))
    assert password(loaded) == SECRET
    assert loaded.origin(("security", "password")).startswith(str(tmp_path / name))


@pytest.mark.parametrize(
    ("below", "above"), [("password: other", "PASSWORD_FILE"), ("password_file: /nowhere", "PASSWORD")]
)
def test_the_environment_goes_over_the_settings_file_in_either_form(tmp_path: Path, below: str, above: str) -> None:
    given = written(tmp_path, SECRET) if above.endswith("FILE") else SECRET
    settings = written(tmp_path, f"security: {{{below}}}\n", "settings.yaml")
    assert password(load(ENVIRONMENT | {f"STAGEWATCH_SECURITY_{above}": given}, settings)) == SECRET


def test_an_empty_variable_names_no_file() -> None:
    given = {"STAGEWATCH_SECURITY_PASSWORD": SECRET, "STAGEWATCH_SECURITY_PASSWORD_FILE": ""}
    assert password(load(ENVIRONMENT | given)) == SECRET


def test_the_same_secret_given_twice_is_a_fault(tmp_path: Path) -> None:
    file = written(tmp_path, SECRET)
    twice = {"STAGEWATCH_SECURITY_PASSWORD": SECRET, "STAGEWATCH_SECURITY_PASSWORD_FILE": file}
    wanted = "security.password and security.password_file are both given: take one of them out"
    assert faults(ENVIRONMENT | twice) == [f"STAGEWATCH_SECURITY_PASSWORD_FILE: {wanted}"]
    settings = written(tmp_path, f"security: {{password: a, password_file: {file}}}\n", "settings.yaml")
    assert faults(ENVIRONMENT, settings) == [f"{settings}:1: {wanted}"]


@pytest.mark.parametrize(
    ("held", "wrong"), [(b"", "is empty"), (b"\n", "is empty"), (b"\xff", "is no UTF-8 text"), (None, "cannot be read")]
)
def test_a_file_without_a_secret_is_the_only_fault(tmp_path: Path, held: bytes | None, wrong: str) -> None:
    file = tmp_path / "secret"
    if held is not None:
        file.write_bytes(held)
    (told,) = faults(ENVIRONMENT | {"STAGEWATCH_SECURITY_PASSWORD_FILE": str(file)})
    assert told.startswith(f"STAGEWATCH_SECURITY_PASSWORD_FILE: security.password_file: {file} {wrong}")


def test_what_is_no_path_in_a_settings_file_is_told(tmp_path: Path) -> None:
    settings = written(tmp_path, "http: {token_file: 5}\n", "settings.yaml")
    assert faults({}, settings) == [f"{settings}:1: http.token_file: must be the path of a file"]


# -- nobody is told

WRONG = {
    "short token": {"http.token": SECRET[:10]},
    "given as a path": {**LOGIN, "security.password_file": SECRET},
    "given as a path, with a slash": {**LOGIN, "security.password_file": f"{SECRET}/x"},
    "given as a path, with a slash first": {"commands.keys_file": f"/{SECRET}"},
    "before the broker's address": {"broker": f"shop:{SECRET}@127.0.0.1:1"},
    "the same, without a name": {"broker": f"{SECRET}@127.0.0.1:1"},
    "in a URL": {"broker": f"kafka://shop:{SECRET}@127.0.0.1:1"},
    "token given as a path": {**LOGIN, "security.mechanism": "OAUTHBEARER", "security.token_file": SECRET},
    "key given as a path": {
        "security.protocol": "SSL",
        "security.cert_file": f"-----BEGIN CERTIFICATE-----\n/{SECRET}",
        "security.key_file": f"-----BEGIN PRIVATE KEY-----\n/{SECRET}",
    },
    "misspelt": {"security.pasword": SECRET, "http.tokn": SECRET},
    "in a setting without a login": {**LOGIN, "security.password": SECRET, "partitions": "0"},
    "of a login that is not whole": {"security.protocol": "SASL_SSL", "security.password": SECRET},
    "of a broker that is not there": {**LOGIN, "security.password": SECRET, "broker": "127.0.0.1:1"},
    "the same, in JSON": {**LOGIN, "security.password": SECRET, "broker": "127.0.0.1:1", "log.format": "json"},
    "of a certificate that is none": {
        "security.protocol": "SSL",
        "security.cert_file": __file__,
        "security.key_file": __file__,
        "security.key_password": SECRET,
    },
}


@pytest.mark.parametrize("wrong", WRONG)
def test_whatever_is_wrong_with_a_secret_or_beside_it_it_is_not_told(wrong: str) -> None:
    done = CliRunner().invoke(main, ["topics"], env=environment(WRONG[wrong]))
    assert done.exit_code != 0
    assert done.stderr != ""
    assert [each for each in (SECRET[:10], "Traceback") if each in done.output] == []


@pytest.mark.parametrize("wrong", ["of a broker that is not there", "the same, in JSON"])
def test_a_worker_that_says_all_it_can_tells_no_secret(wrong: str) -> None:
    code, out, err = command({**WRONG[wrong], "log.level": "DEBUG"}, "worker")
    assert code == 1
    assert "nobody listens there" in err
    assert [each for each in (SECRET, "Traceback") if each in out + err] == []


@pytest.mark.parametrize(
    "text",
    [
        f"security: {{password: '{SECRET}}}\n",
        f"security:\n  password: {SECRET}: {SECRET}\n",
        f"security:\n  password: &{SECRET}\n\tx: %{SECRET}\n",
        f"security: {{password: [{SECRET}], key_password: {{{SECRET}: 1}}, passwort: {SECRET}}}\n",
        f"security: {SECRET}\nhttp: [{SECRET}]\n",
        f"security: {{password: 1, password: {SECRET}}}\n",
        *(
            f"security:\n  password: {first}{SECRET}\n"
            for first in ("!", "!!", "!!int ", "!<", "!x!", "*", "&", "@", "%")
        ),
        f"broker: shop:{SECRET}@here:9092\n",
        f"broker: {SECRET}@here:9092\n",
    ],
)
def test_a_settings_file_that_cannot_be_read_is_not_quoted(tmp_path: Path, text: str) -> None:
    told = faults({}, written(tmp_path, text, "settings.yaml"))
    assert [each for each in told if SECRET in each] == []
    toml = written(tmp_path, text.replace(": ", " = "), "settings.toml")
    assert [each for each in faults({}, toml) if SECRET in each] == []


def test_what_is_shown_of_settings_and_connections_has_no_secret(tmp_path: Path) -> None:
    file = written(tmp_path, SECRET)
    given = ENVIRONMENT | {
        "STAGEWATCH_SECURITY_PASSWORD": SECRET,
        "STAGEWATCH_SECURITY_KEY_PASSWORD_FILE": file,
        "STAGEWATCH_HTTP_TOKEN": SECRET,
    }
    loaded = load(given)
    connection = connection_of(loaded.settings)
    told = [loaded, shown(loaded), loaded.settings.model_dump(), loaded.settings.model_dump_json(), connection]
    assert [each for each in [*told, connection.credentials()] if SECRET in f"{each!r} {each}"] == []
    settings = {name.removeprefix("STAGEWATCH_"): value for name, value in given.items()}
    code, out, err = command(settings, "worker", "--show-settings")
    assert (code, err) == (0, "")
    assert SECRET not in out
    assert "STAGEWATCH_SECURITY_KEY_PASSWORD_FILE" in out
