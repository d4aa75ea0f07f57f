"""Settings: where a value may come from, how it is shown, and how a mistake is told."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagewatch.app import stores_of
from stagewatch.durations import instant, milliseconds, written
from stagewatch.mistakes import Mistake
from stagewatch.settings import Security, Settings, SettingsError, load, settings_table, shown
from stagewatch.settings.loading import leaves, revealed, variable
from stagewatch.settings.showing import with_table


def faults(environment: dict[str, str], file: str | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environment, file)
    return [str(fault) for fault in caught.value.faults]


def meaning(name: str) -> str:
    return str(Security.model_fields[name].description)


def written_to(folder: Path, text: str, name: str = "stagewatch.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_nothing_set_is_a_worker_on_this_machine() -> None:
    settings = load({}).settings
    assert settings == Settings()
    assert settings.broker == "127.0.0.1:9092"
    assert settings.http.host == "127.0.0.1"
    assert settings.journeys == ["five-stage"]


def test_the_environment_overrides_the_file_and_the_file_the_defaults(tmp_path: Path) -> None:
    file = written_to(tmp_path, "http: {port: 1, host: 0.0.0.0}\n")
    loaded = load({"STAGEWATCH_HTTP_PORT": "2"}, file)
    assert (loaded.settings.http.port, loaded.settings.http.host) == (2, "0.0.0.0")  # noqa: S104  only read
    assert loaded.settings.log.level == "INFO"


def test_each_value_says_where_it_came_from(tmp_path: Path) -> None:
    file = written_to(tmp_path, "app_id: shop\nhttp:\n  host: localhost\n")
    rows = shown(load({"STAGEWATCH_HTTP_PORT": "2"}, file))
    assert ("app_id", "shop", f"{file}:1") in rows
    assert ("http.host", "localhost", f"{file}:3") in rows
    assert ("http.port", "2", "STAGEWATCH_HTTP_PORT") in rows
    assert ("partitions", "8", "default") in rows


def test_the_file_can_be_named_by_the_environment_and_written_in_toml(tmp_path: Path) -> None:
    file = written_to(tmp_path, "[clock]\nidle_after = 'never'\n", "stagewatch.toml")
    assert load({"STAGEWATCH_SETTINGS": file}).settings.clock.idle_after is None


def test_sources_have_a_short_form_and_a_long_one() -> None:
    short = load({"STAGEWATCH_SOURCES": "shop-events=segment, orders"}).settings.sources
    long = load(
        {"STAGEWATCH_SOURCES": '[{"topic": "shop-events", "dialect": "segment"}, {"topic": "orders"}]'}
    ).settings.sources
    assert short == long
    assert [each.dialect for each in short] == ["segment", "auto"]


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    key = written_to(tmp_path, "", "key.pem")
    environment = {
        "STAGEWATCH_SECURITY_PROTOCOL": "SASL_SSL",
        "STAGEWATCH_SECURITY_USERNAME": "shop",
        "STAGEWATCH_SECURITY_PASSWORD": "open sesame",
        "STAGEWATCH_SECURITY_KEY_PASSWORD": "friend",
        "STAGEWATCH_SECURITY_KEY_FILE": key,
        "STAGEWATCH_SECURITY_CERT_FILE": key,
    }
    loaded = load(environment)
    assert revealed(loaded.settings.security.password) == "open sesame"
    assert "sesame" not in repr(shown(loaded)) + repr(loaded)
    assert "friend" not in repr(shown(loaded)) + repr(loaded)


def test_a_secret_that_is_no_text_is_not_printed_in_the_fault(tmp_path: Path) -> None:
    told = faults({}, written_to(tmp_path, "security: {password: 12345}\n"))
    assert told == [f"{tmp_path}/stagewatch.yaml:1: security.password: should be a valid string. {meaning('password')}"]


def test_every_fault_is_listed_with_its_place(tmp_path: Path) -> None:
    file = written_to(tmp_path, "http:\n  prot: 1\nclock: {idle_after: 5}\npartitions: 0\n")
    told = faults({"STAGEWATCH_BROKER": "here", "STAGEWATCH_HTP_PORT": "1"}, file)
    assert [each.split(": ")[0] for each in sorted(told)] == [
        f"{file}:2",
        f"{file}:3",
        f"{file}:4",
        "STAGEWATCH_BROKER",
        "STAGEWATCH_HTP_PORT",
    ]


@pytest.mark.parametrize(
    ("environment", "advice"),
    [
        ({"STAGEWATCH_HTP_PORT": "1"}, "did you mean STAGEWATCH_HTTP_PORT?"),
        ({"STAGEWATCH_CLOCK_IDLE_AFTER": "soon"}, "write a number and a unit"),
        ({"STAGEWATCH_SECURITY_PROTOCOL": "SASL_SSL"}, "needs security.username and security.password"),
        ({"STAGEWATCH_SECURITY_CA_FILE": __file__}, "say SSL or SASL_SSL"),
        (
            {"STAGEWATCH_SECURITY_PROTOCOL": "SSL", "STAGEWATCH_SECURITY_CERT_FILE": __file__},
            "give both or neither",
        ),
        ({"STAGEWATCH_SECURITY_CA_FILE": "/nowhere/ca.pem"}, "there is no such file"),
        ({"STAGEWATCH_SOURCES": "a,b,a"}, "sources name a topic twice: a"),
        ({"STAGEWATCH_SOURCES": "stage-transitions"}, "a topic of ours cannot be a source"),
        ({"STAGEWATCH_TOPICS_STAGES": "rejected-events"}, "four different topics"),
        ({"STAGEWATCH_CLIENT_HEARTBEAT_INTERVAL": "10s"}, "at most a third"),
        ({"STAGEWATCH_CLIENT_REQUEST_TIMEOUT": "1s"}, "must be longer than client.session_timeout"),
        ({"STAGEWATCH_SETTINGS": "/nowhere/settings.yaml"}, "cannot be read: No such file or directory"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(environment: dict[str, str], advice: str) -> None:
    (told,) = faults(environment)
    assert advice in told


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.yaml", "http: [", "a.yaml:"),
        ("a.yaml", "- http", "must hold settings by name"),
        ("a.toml", "http", "is not TOML"),
        ("a.yaml", "broker: here:1\nhttp: 8000", "a.yaml:2: http: must hold settings by name"),
        ("a.yaml", "journeys: []", "a.yaml:1: journeys: names nothing"),
        ("a.yaml", "sources:\n- {topic: a, pw: b}", "a.yaml:2: sources.0.pw: no such setting"),
    ],
)
def test_a_file_that_cannot_be_understood_is_one_fault(tmp_path: Path, name: str, text: str, told: str) -> None:
    assert told in "\n".join(faults({}, written_to(tmp_path, text, name)))


def test_a_file_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xfe")
    assert faults({}, str(path)) == [f"{path}: is no UTF-8 text"]


@pytest.mark.parametrize(("name", "text"), [("a.yaml", "partitions: 3"), ("a.toml", "partitions = 3")])
def test_the_mark_that_windows_puts_first_is_read_over(tmp_path: Path, name: str, text: str) -> None:
    assert load({}, written_to(tmp_path, f"\ufeff{text}\n", name)).settings.partitions == 3


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero on this system")
def test_a_file_without_end_is_a_fault() -> None:
    (told,) = faults({}, "/dev/zero")
    assert "at most 262,144 are read" in told


def test_what_is_wrong_in_a_variable_names_the_variable_also_where_it_goes_over_a_file(tmp_path: Path) -> None:
    given = {"STAGEWATCH_SOURCES": '[{"topic": "a", "pw": "b"}]', "STAGEWATCH_PARTITIONS": "x"}
    for file in (None, written_to(tmp_path, "partitions: 3\nsources: [{topic: a, pw: c}]")):
        sources, partitions = faults(given, file)
        assert sources.startswith("STAGEWATCH_SOURCES: sources.0.pw: no such setting")
        assert partitions.startswith("STAGEWATCH_PARTITIONS: partitions is 'x'")


def test_an_empty_file_and_an_empty_variable_set_nothing(tmp_path: Path) -> None:
    file = written_to(tmp_path, "")
    assert load({"STAGEWATCH_HTTP_PORT": ""}, file).settings == Settings()


def test_what_kubernetes_puts_into_the_environment_is_no_setting() -> None:
    environment = {
        "STAGEWATCH_SERVICE_HOST": "10.0.0.1",
        "STAGEWATCH_SERVICE_PORT_METRICS": "8000",
        "STAGEWATCH_PORT": "tcp://10.0.0.1:8000",
        "STAGEWATCH_PORT_8000_TCP_ADDR": "10.0.0.1",
    }
    assert load(environment).settings == Settings()


def test_every_setting_has_a_meaning_and_a_row_in_the_table() -> None:
    table = settings_table()
    for leaf, field in leaves():
        assert field.description, leaf
        assert f"| `{variable(leaf)}` |" in table


def test_the_readme_s_table_is_the_one_that_the_settings_give() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert with_table(readme) == readme, "run `python -m stagewatch.settings README.md`"


def test_the_table_is_put_between_its_markers_and_stays_as_it_is_the_second_time() -> None:
    once = with_table("before\n<!-- settings -->\nold\n<!-- /settings -->\nafter\n")
    assert once.startswith("before\n<!-- settings -->\n| in the file |")
    assert once.endswith("|\n<!-- /settings -->\nafter\n")
    assert with_table(once) == once
    with pytest.raises(ValueError, match="markers"):
        with_table("no markers")


def test_routed_topics_take_the_prefix_too() -> None:
    topics = load({"STAGEWATCH_TOPICS_PREFIX": "shop."}).settings.topics
    assert topics.named("cart-abandoned") == "shop.cart-abandoned"


@given(st.integers(1, 10**8) | st.integers(1, 10**8).map(lambda seconds: seconds * 1_000))
def test_a_length_of_time_is_read_as_it_is_written(length: int) -> None:
    assert milliseconds(written(length)) == length


def test_a_time_without_a_zone_means_utc() -> None:
    assert instant("2024-06-30") == instant("2024-06-30T00:00:00Z") == instant("2024-06-30T02:00:00+02:00")
    with pytest.raises(ValueError, match="write it as"):
        instant("tomorrow")


def test_files_need_a_folder() -> None:
    (said,) = faults({"STAGEWATCH_STORE_KIND": "rocksdb"})
    assert "store.kind rocksdb needs store.path" in said


def test_files_without_the_package_for_them_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "stream.files", raising=False)
    monkeypatch.delitem(sys.modules, "stream.databases", raising=False)
    monkeypatch.setitem(sys.modules, "rocksdict", None)
    with pytest.raises(Mistake, match=r"pip install 'stagewatch\[rocksdb\]'"):
        stores_of(load({"STAGEWATCH_STORE_KIND": "rocksdb", "STAGEWATCH_STORE_PATH": str(tmp_path)}).settings)


def test_a_name_too_long_for_a_file_is_that_of_no_file(tmp_path: Path) -> None:
    (told,) = faults({}, written_to(tmp_path, f"dialect_files: [{'x' * 5_000}]"))
    assert "there is no such file" in told
    assert len(told) < 1_000


def test_what_is_no_utf_8_in_the_environment_is_a_fault() -> None:
    assert faults({"STAGEWATCH_APP_ID": "caf\udce9"}) == ["STAGEWATCH_APP_ID: is no UTF-8 text"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.toml", "partitions = " + "9" * 5_000, "is not TOML: Exceeds the limit"),
        ("a.toml", "partitions = 0x" + "f" * 5_000, "partitions is a number beyond measure"),
        ("a.toml", "a = " + "[" * 5_000, "is not TOML"),
        ("a.toml", "#" * 300_000, "has 300,000 characters"),
        ("a.yaml", "partitions: " + "9" * 5_000, "this number is too long"),
        ("a.yaml", "partitions: 1000001", "should be less than or equal to 1000000"),
    ],
)
def test_numbers_and_texts_without_end_are_faults(tmp_path: Path, name: str, text: str, told: str) -> None:
    (fault,) = faults({}, written_to(tmp_path, text, name))
    assert told in fault
    assert len(fault) < 1_000


def test_a_password_beside_its_place_is_not_quoted(tmp_path: Path) -> None:
    told = "\n".join(faults({}, written_to(tmp_path, "security: {protocol: hunter2, mechanism: hunter2}")))
    assert "security.protocol" in told
    assert "hunter2" not in told
