"""What is told of a changed journey before it is used."""

from journey.changing import Change, changes
from journey.loading import load
from tests.journey.shops import FIRST, text

NEWS = """\
  news:
    stages: [quiet, told]
    moves:
      - {name: news_told, from: quiet, to: told, on: searched}
      - {name: news_over, from: told, to: quiet, on: product_viewed}
"""


def of(*altered: tuple[str, str], version: int = 2, further: str = "", first: str = FIRST) -> list[Change]:
    return changes(load(first, "old.yaml"), load(text(*altered, version=version) + further, "new.yaml"))


def lines(found: list[Change], *fates: str) -> list[str]:
    return [each.what for each in found if each.fate in fates]


def test_a_new_version_of_the_same_text_keeps_everything() -> None:
    found = of()
    assert {each.fate for each in found} == {"kept"}
    assert lines(found, "kept") == [
        "track stage: who stands in unknown, aware, bought stays there",
        "track cart: who stands in empty, filled, left stays there",
        "fact value",
        "fact seen",
    ]


def test_under_the_same_version_what_changes_no_slot_may_be_changed_and_nothing_else() -> None:
    assert [each.fate for each in of(("after: 30m", "after: 45m"), version=1)] == ["kept"]
    (refused,) = of(("within: 7d", "within: 8d"), version=1)
    assert refused.fate == "refused"
    assert "give the changed journey version 2" in refused.what


def test_two_journeys_are_not_versions_of_one() -> None:
    (refused,) = changes(load(FIRST, "old.yaml"), load(text(("journey: shop", "journey: other")), "new.yaml"))
    assert refused == Change(
        "refused", "'shop' and 'other' are two journeys: everybody would begin the second anew; give both one name"
    )


def test_stages_are_told_by_where_their_customers_go() -> None:
    found = of(
        ("aware", "curious"),
        ("facts:", "migrates: {stage: {aware: curious}}\nfacts:"),
        further=NEWS,
    )
    assert "track stage: who stands in unknown, bought stays there" in lines(found, "kept")
    assert lines(found, "mapped") == ["track stage: aware -> curious"]
    assert lines(found, "begins") == [
        "track stage: the stage curious is new",
        "track news: everybody begins in 'quiet'",
    ]
    assert [each.fate for each in of(("aware", "curious"))] == ["refused"]


def test_where_no_stage_stays_only_the_mapping_is_told() -> None:
    mapped = "migrates: {news: {quiet: still, told: loud}}\n"
    renamed = (
        NEWS.replace("quiet", "still")
        .replace("told,", "loud,")
        .replace("told]", "loud]")
        .replace("to: told", "to: loud")
    )
    found = of(
        ("facts:", mapped + "facts:"), further=renamed.replace("name: news_loud", "name: news_told"), first=FIRST + NEWS
    )
    assert [each for each in found if "news" in each.what] == [
        Change("mapped", "track news: quiet -> still"),
        Change("mapped", "track news: told -> loud"),
        Change("begins", "track news: the stage still is new"),
        Change("begins", "track news: the stage loud is new"),
    ]


def test_a_track_that_is_gone_is_lost() -> None:
    found = of(("facts:", "migrates: {news: gone}\nfacts:"), first=FIRST + NEWS)
    assert lines(found, "lost") == ["track news: where customers stand on it is forgotten"]


def test_facts_are_kept_begin_empty_or_are_lost() -> None:
    found = of(
        ("value: {last: value}", "worth: {last: value}"),
        ("[value]", "[worth]"),
        ("count: product_viewed", "count: searched"),
    )
    assert lines(found, "empty") == [
        "fact worth: it is new, so it begins empty",
        "fact seen: it is fed otherwise than before, so it begins empty",
    ]
    assert lines(found, "lost") == ["fact value"]
    per = ("value: {last: value}", "value: {last: value, per: cart}")
    assert lines(of(per, first=FIRST.replace(*per)), "kept")[2] == "fact of each cart value"


def test_silences_are_told_with_when_they_end_for_those_who_wait_already() -> None:
    found = of(
        ("after: 2d, since: product_viewed", "after: 3d, since: product_viewed"),
        ("after: 30m, since: cart_updated", "after: 30m, since: checkout_started"),
        (
            "      - {name: lapsed",
            "      - {name: rested, from: bought, to: aware, after: 20d, if: seen > 2}\n      - {name: lapsed",
        ),
        ("within: 10d", "within: 12d"),
    )
    told = [
        each.split("; whoever has been silent for longer is not moved at once, but ") for each in lines(found, "waits")
    ]
    assert told == [
        ["track stage: cooled after 3d instead of 2d", "3d to 6d after the change"],
        ["track stage: rested after 20d, for those in a stage that did not wait for it", "20d to 40d after the change"],
        ["track stage: bought has a time-frame of 12d now", "12d to 24d after the change"],
        ["track cart: left after 30m under another condition, or since other signals", "30m to 1h after the change"],
    ]


def test_what_is_not_published_again_and_what_never_is_are_told() -> None:
    found = of(("name: looked,", "name: looked, cooldown: 1d,"), (", grace: 5m", ""))
    assert lines(found, "empty") == ["track stage: looked counts as never published so far"]
    assert lines(found, "lost") == ["track stage: welcomed, where it is held back at that moment, is never told"]
    assert lines(of(("welcomed", "greeted")), "lost") == [
        "track stage: welcomed, where it is held back at that moment, is never told"
    ]
