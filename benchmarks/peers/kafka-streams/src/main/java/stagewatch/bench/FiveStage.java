package stagewatch.bench;

import static stagewatch.bench.Facts.DAY;
import static stagewatch.bench.Facts.HOUR;
import static stagewatch.bench.Facts.facts;

import java.util.List;
import java.util.Map;
import stagewatch.bench.Kind.Groups;
import stagewatch.bench.Transition.Cause;
import stagewatch.bench.Transition.Move;

/**
 * The moves of journeys/five-stage.yaml, by hand: deadlines up to a signal first, then facts, then the tracks in order.
 *
 * <p>A deadline fires when its own customer is heard of again. The carts stand in {@link Carts}.
 */
final class FiveStage {
    private static final String[] STAGES = {
        "unknown", "awareness", "consideration", "conversion", "retention", "advocacy"
    };
    private static final String[] ACTIVITIES = {"new", "active", "lapsing", "lapsed", "returned"};
    private static final String[] SENTIMENTS = {"unknown", "promoter", "passive", "detractor"};
    private static final String[] BROWSES = {"idle", "browsing", "browse_abandoned"};

    private final Memory memory;
    private final String customer;
    private final List<Transition> made;
    private final Carts carts;
    private Cause cause = Cause.DEADLINE;

    FiveStage(Memory memory, String customer, List<Transition> made) {
        this.memory = memory;
        this.customer = customer;
        this.made = made;
        carts = new Carts(memory, this);
    }

    void hear(Signal signal) {
        long at = signal.at();
        if (memory.begun) {
            silence(at);
        } else {
            memory.begun = true;
            memory.activityDue = at + 30 * DAY;
        }
        Kind kind = signal.kind();
        cause = new Cause(kind.name, signal.id(), signal.topic(), signal.partition(), signal.offset());
        Facts.remember(memory, signal, kind, at);
        stage(signal, kind, at);
        carts.on(signal, kind, at);
        if (kind.in(Groups.SHOWS)) {
            activity(at);
        }
        sentiment(signal, kind, at);
        if (kind.in(Groups.SHOWS)) {
            browse(kind, at);
        }
    }

    private void stage(Signal signal, Kind kind, long at) {
        int from = memory.stage;
        boolean bought = memory.orders > memory.ordersUndone;
        if (kind.in(Groups.MEETS)) {
            if (from == 0) {
                toStage("became_aware", 1, at, facts("first_channel", memory.firstChannel));
            }
        } else if (kind.in(Groups.COMPARES | Groups.TOUCHES)) {
            if (from <= 1) {
                toStage("started_considering", 2, at, channels());
            }
        } else if (kind.in(Groups.BUYS)) {
            if (from <= 2) {
                Map<String, Object> facts = facts("order_value", memory.orderValue, "spent", memory.spent);
                facts.putAll(channels());
                toStage("converted", 3, at, facts);
            } else if (from == 3 && memory.orders - memory.ordersUndone >= 2) {
                Map<String, Object> facts = orders();
                facts.put("order_value", memory.orderValue);
                facts.put("spent", memory.spent);
                facts.put("last_channel", memory.lastChannel);
                toStage("retained", 4, at, facts);
            }
        } else if (kind.in(Groups.RECOMMENDS)) {
            if ((from == 3 || from == 4) && bought) {
                toStage("became_advocate", 5, at, advocate(at));
            }
        } else if (kind == Kind.REVIEW_POSTED && signal.rating() != null) {
            if ((from == 3 || from == 4) && signal.rating() >= 4 && bought) {
                Map<String, Object> facts = advocate(at);
                facts.put("last_rating", memory.lastRating);
                toStage("became_advocate", 5, at, facts);
            } else if (from == 5 && signal.rating() <= 2) {
                toStage("advocate_lost", 4, at, facts("last_rating", memory.lastRating));
            }
        } else if (kind.in(Groups.UNDOES) && from >= 3 && !bought) {
            Map<String, Object> facts = orders();
            facts.put("paid_back", memory.paidBack);
            facts.put("spent", memory.spent);
            toStage("refunded", 2, at, facts);
        }
    }

    private void activity(long at) {
        int from = memory.activity;
        long days = Facts.daysHere(memory, at);
        if (from == 2 || from == 3) {
            toActivity("came_back", 4, at, quiet(at));
        } else if (from != 1 && days >= 2) {
            toActivity("became_active", 1, at, facts("days_here", days));
        }
        memory.activityDue = at + 30 * DAY;
    }

    private void sentiment(Signal signal, Kind kind, long at) {
        Double rating = signal.rating();
        if (kind != Kind.REVIEW_POSTED || rating == null) {
            return;
        }
        int to = rating >= 4 ? 1 : rating <= 2 ? 3 : 2;
        if (memory.sentiment != to) {
            Move move =
                    new Move(
                            "sentiment",
                            "became_" + SENTIMENTS[to],
                            SENTIMENTS[memory.sentiment],
                            memory.sentimentSince,
                            SENTIMENTS[to],
                            at);
            publish(move, null, facts("last_score", null, "last_rating", memory.lastRating), null);
            memory.sentiment = to;
            memory.sentimentSince = at;
        }
    }

    private void browse(Kind kind, long at) {
        if (kind.in(Groups.BUYS)) {
            memory.leftPublished = null;
        }
        long touches = Facts.cartTouches(memory, at);
        if (kind.in(Groups.TOUCHES | Groups.BUYS)) {
            if (memory.browse != 0) {
                toBrowse("put_in_cart", 0, at, facts(), null);
            }
        } else if (memory.browse != 1 && kind == Kind.PRODUCT_VIEWED && touches == 0) {
            toBrowse("started_browsing", 1, at, facts("cart_touches", touches), null);
            memory.leaves = memory.browseEnds = at + HOUR;
        } else if (memory.browse == 1) {
            memory.leaves = memory.browseEnds = at + HOUR;
        }
    }

    /** What nothing having happened until then has changed. */
    private void silence(long until) {
        cause = Cause.DEADLINE;
        for (long at = memory.due(); at <= until; at = memory.due()) {
            if (memory.dropsOff == at) {
                if (memory.stage == 2) {
                    publish(new Move("stage", "dropped_off", STAGES[2], memory.stageSince, STAGES[2], at), null, facts(), null);
                }
                memory.dropsOff = Memory.NEVER;
            } else if (memory.cartsDue == at) {
                carts.silence(at);
            } else if (memory.activityDue == at) {
                boolean lapsed = memory.activity == 2;
                toActivity(lapsed ? "lapsed" : "went_quiet", lapsed ? 3 : 2, at, quiet(at));
                memory.activityDue = lapsed ? Memory.NEVER : at + 150 * DAY;
            } else if (memory.leaves == at) {
                leave(at);
            } else {
                toBrowse("browse_ended", 0, at, facts(), null);
            }
        }
    }

    private void leave(long at) {
        long views = Facts.views(memory, at);
        memory.leaves = Memory.NEVER;
        if (views >= 3) {
            boolean again = memory.leftPublished != null && at - memory.leftPublished < DAY;
            if (!again) {
                memory.leftPublished = at;
            }
            Map<String, Object> facts = facts("views", views, "last_channel", memory.lastChannel);
            toBrowse("left_without_cart", 2, at, facts, again ? "cooldown" : null);
        }
    }

    private void toStage(String name, int to, long at, Map<String, Object> facts) {
        publish(new Move("stage", name, STAGES[memory.stage], memory.stageSince, STAGES[to], at), null, facts, null);
        memory.stage = to;
        memory.stageSince = at;
        memory.furthest = Math.max(memory.furthest, to);
        memory.dropsOff = to == 2 ? at + 30 * DAY : Memory.NEVER;
    }

    private void toActivity(String name, int to, long at, Map<String, Object> facts) {
        Move move =
                new Move("activity", name, ACTIVITIES[memory.activity], memory.activitySince, ACTIVITIES[to], at);
        publish(move, null, facts, null);
        memory.activity = to;
        memory.activitySince = at;
    }

    private void toBrowse(String name, int to, long at, Map<String, Object> facts, String reason) {
        publish(new Move("browse", name, BROWSES[memory.browse], memory.browseSince, BROWSES[to], at), null, facts, reason);
        memory.browse = to;
        memory.browseSince = at;
        memory.leaves = memory.browseEnds = Memory.NEVER;
    }

    void publish(Move move, String instance, Map<String, Object> facts, String reason) {
        publish(move, instance, cause, facts, reason);
    }

    void publish(Move move, String instance, Cause because, Map<String, Object> facts, String reason) {
        made.add(Transition.of(customer, ++memory.sequence, move, instance, because, facts, reason));
    }

    private Map<String, Object> channels() {
        return facts("first_channel", memory.firstChannel, "last_channel", memory.lastChannel);
    }

    private Map<String, Object> orders() {
        return facts("orders", memory.orders, "orders_undone", memory.ordersUndone);
    }

    private Map<String, Object> advocate(long at) {
        Map<String, Object> facts = orders();
        facts.put("spent", memory.spent);
        facts.put("recency", recency(at));
        return facts;
    }

    private Map<String, Object> quiet(long at) {
        return facts("recency", recency(at), "orders", memory.orders, "spent", memory.spent);
    }

    private Double recency(long at) {
        return memory.boughtAt == null ? null : (at - memory.boughtAt) / (double) DAY;
    }
}
