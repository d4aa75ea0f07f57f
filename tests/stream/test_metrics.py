"""What batches tally adds up in the counters."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.metrics import MOST_NAMES, Metrics

reasons = st.sampled_from(["not JSON", "too large", "future"])
tallies = st.lists(st.dictionaries(st.tuples(st.sampled_from(["shop", "till"]), reasons), st.integers(0, 9)))


@given(tallies)
def test_a_counter_is_the_sum_of_all_tallies_and_shows_whatever_was_named(
    batches: list[dict[tuple[str, str], int]],
) -> None:
    metrics, total = Metrics(), Counter[tuple[str, str]]()
    for tally in batches:
        metrics.count("rejections", tally)
        total.update(tally)
    (family,) = [each for each in metrics.registry.collect() if each.name == "stagewatch_rejections"]
    shown = {tuple(it.labels.values()): it.value for it in family.samples if it.name.endswith("_total")}
    assert shown == dict(total)


@given(st.lists(st.integers(0, 5)))
def test_a_counter_without_labels_is_the_sum_too(numbers: list[int]) -> None:
    metrics = Metrics()
    for number in numbers:
        metrics.count("carts_forgotten", {(): number})
    name = next(each.name for each in metrics.registry.collect() if "carts_forgotten" in each.name)
    assert metrics.registry.get_sample_value(f"{name}_total") == sum(numbers)


def test_names_that_senders_make_up_are_counted_together_beyond_so_many() -> None:
    metrics = Metrics()
    for number in range(MOST_NAMES * 3):
        metrics.count_passed(Counter({("shop", f"made up {number}"): 2}))
    metrics.count_passed(Counter({("shop", "made up 0"): 5, ("till", "one more"): 1}))
    (family,) = [each for each in metrics.registry.collect() if each.name == "stagewatch_events_passed"]
    shown = {tuple(it.labels.values()): it.value for it in family.samples if it.name.endswith("_total")}
    assert len(shown) == MOST_NAMES + 2
    assert shown["shop", "made up 0"] == 7
    assert shown["shop", "other"] == 2 * 2 * MOST_NAMES
    assert shown["till", "other"] == 1


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Email Opened", "Email Opened"),
        ("step_2_of_5", "step_2_of_5"),
        ("ga4:purchase", "ga4:purchase"),
        ("Mail to bob@example.com", "other"),
        ("Call to 0170 12 34 56", "other"),
        ("visit of 0170 1234567", "other"),
        ("u-9f1c2d3e-4b5a-6789-8abc-def012345678", "other"),
        ("seen 12345", "other"),
    ],
)
def test_the_name_of_an_event_is_a_label_unless_it_may_be_somebodys(name: str, label: str) -> None:
    metrics = Metrics()
    metrics.count_passed(Counter({("shop", name): 2}))
    labels = {"source": "shop", "name": label}
    assert metrics.registry.get_sample_value("stagewatch_events_passed_total", labels) == 2
