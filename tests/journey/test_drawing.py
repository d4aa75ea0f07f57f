from xml.etree import ElementTree as ET

from journey.definition import Definition
from journey.drawing import mermaid, svg
from journey.loading import load

TEXT = """
journey: small
version: 2
title: "<Tom> & Jerry"
tracks:
  cart:
    stages: {empty: "a < b", full: , left: }
    moves:
      - {name: filled, from: empty, to: full, on: cart_updated}
      - {name: filled, from: [empty, left], to: full, on: checkout_started}
      - {name: refilled, from: full, to: full, on: checkout_step}
      - {name: left, from: full, to: left, after: 30m}
      - {name: bought, from: any, to: empty, on: order_completed}
  mood:
    stages: [good, bad]
    moves: [{name: soured, from: good, to: bad, on: order_cancelled}]
"""
SMALL = load(TEXT, "small.yaml")


def test_a_journey_is_drawn_for_mermaid() -> None:
    assert (
        mermaid(SMALL)
        == """\
stateDiagram-v2
    direction LR
    state cart {
        state "empty" as cart_empty
        state "full" as cart_full
        state "left" as cart_left
        state "any stage" as cart_any
        [*] --> cart_empty
        cart_empty --> cart_full : filled
        cart_left --> cart_full : filled
        cart_full --> cart_full : refilled
        cart_full --> cart_left : left (after 30m)
        cart_any --> cart_empty : bought
    }
    state mood {
        state "good" as mood_good
        state "bad" as mood_bad
        [*] --> mood_good
        mood_good --> mood_bad : soured
    }
"""
    )


def test_a_picture_is_sound_xml_that_shows_every_stage_and_move(shipped: Definition) -> None:
    root = ET.fromstring(svg(shipped))  # noqa: S314  our own text
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    for track in shipped.tracks:
        assert any(text is not None and text.split(",")[0] == track.name for text in texts)
        assert set(track.stages) <= texts
        for move in track.moves:
            assert any(text is not None and text.split(" ")[0] == move.name for text in texts)


def test_what_a_user_wrote_is_escaped() -> None:
    picture = svg(SMALL)
    assert "small, version 2: &lt;Tom&gt; &amp; Jerry" in picture
    assert "<title>a &lt; b</title>" in picture
    ET.fromstring(picture)  # noqa: S314  our own text


def test_moves_made_by_silence_are_dashed() -> None:
    assert svg(SMALL).count('class="move silent"') == 1


def test_nothing_drawn_lies_outside_of_the_picture(shipped: Definition) -> None:
    root = ET.fromstring(svg(shipped))  # noqa: S314  our own text
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter():
        assert 0 <= float(element.attrib.get("x", element.attrib.get("cx", "0"))) <= width
        assert 0 <= float(element.attrib.get("y", element.attrib.get("cy", "0"))) <= height


def test_no_two_moves_of_a_track_run_over_each_other(shipped: Definition) -> None:
    root = ET.fromstring(svg(shipped))  # noqa: S314  our own text
    names = [
        (float(each.attrib["y"]), float(each.attrib["x"]), len(each.text or "") * 6.5)
        for each in root.iter("{http://www.w3.org/2000/svg}text")
        if each.attrib["class"] == "name"
    ]
    for number, (y, x, width) in enumerate(names):
        for other_y, other_x, other_width in names[number + 1 :]:
            assert y != other_y or abs(x - other_x) >= (width + other_width) / 2


def test_equal_journeys_give_equal_pictures(shipped: Definition) -> None:
    again = load(SMALL.where and TEXT, "elsewhere.yaml")
    assert (svg(again), mermaid(again)) == (svg(SMALL), mermaid(SMALL))
    assert svg(shipped) == svg(shipped)


TIMELY = """
journey: timely
version: 1
title: timely
tracks:
  cart:
    per: cart
    stages: [empty, full, left]
    moves:
      - {name: filled, from: any, to: full, on: cart_updated, once: true, cooldown: 1d, reset_on: searched}
      - {name: filled, from: [empty, left], to: full, on: checkout_started}
      - {name: left, from: full, to: left, after: 30m, cooldown: 1d, grace: 5m}
  mood:
    stages: {good: , bad: {means: "a < b", within: 14d}}
    moves:
      - {name: soured, from: good, to: bad, on: order_cancelled, grace: 1h}
      - {name: healed, from: bad, to: good, on: order_completed, cooldown: 7d}
"""


def test_mermaid_says_what_is_kept_for_each_cart_how_long_a_stage_may_last_and_when_moves_are_published() -> None:
    assert (
        mermaid(load(TIMELY, "timely.yaml"))
        == """\
stateDiagram-v2
    direction LR
    state "cart, one for each cart" as cart {
        state "empty" as cart_empty
        state "full" as cart_full
        state "left" as cart_left
        state "any stage" as cart_any
        [*] --> cart_empty
        cart_any --> cart_full : filled (once)
        cart_empty --> cart_full : filled
        cart_left --> cart_full : filled
        cart_full --> cart_left : left (after 30m, at most once in 1d, grace 5m)
    }
    state mood {
        state "good" as mood_good
        state "bad (within 14d)" as mood_bad
        [*] --> mood_good
        mood_good --> mood_bad : soured (grace 1h)
        mood_bad --> mood_good : healed (at most once in 7d)
    }
"""
    )


def test_so_does_the_picture_moves_where_the_pointer_rests_on_them() -> None:
    root = ET.fromstring(svg(load(TIMELY, "timely.yaml")))  # noqa: S314  our own text
    texts = list(root.iter("{http://www.w3.org/2000/svg}text"))
    said = {(each.text, more.text) for each in texts for more in each}
    assert "cart, one for each cart" in {each.text for each in texts}
    assert said == {
        ("bad", "within 14d"),
        ("filled", "once"),
        ("left (after 30m)", "at most once in 1d, grace 5m"),
        ("soured", "grace 1h"),
        ("healed", "at most once in 7d"),
    }
