package stagewatch.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import stagewatch.bench.Kind.Groups;

/** What is remembered of a customer, for conditions to read and for transitions to carry. */
final class Facts {
    static final long MINUTE = 60_000;
    static final long HOUR = 60 * MINUTE;
    static final long DAY = 24 * HOUR;
    private static final long VIEWS_BUCKET = 3 * HOUR / 32;
    private static final long TOUCHES_BUCKET = 7 * DAY / 32;

    private Facts() {}

    static void remember(Memory memory, Signal signal, Kind kind, long at) {
        if (kind.in(Groups.BUYS)) {
            memory.orders++;
            if (signal.revenue() != null) {
                memory.spent += signal.revenue();
                memory.orderValue = signal.revenue();
            }
            memory.boughtAt = at;
        }
        if (kind.in(Groups.UNDOES)) {
            Double refund = signal.refund();
            if (refund == null || signal.revenue() == null || refund >= signal.revenue()) {
                memory.ordersUndone++;
            }
            if (refund != null) {
                memory.paidBack += refund;
            }
        }
        if (memory.firstChannel == null) {
            memory.firstChannel = signal.channel();
        }
        if (signal.channel() != null) {
            memory.lastChannel = signal.channel();
        }
        if (kind.in(Groups.BUYS | Groups.TOUCHES)) {
            memory.views.clear();
        }
        if (kind.in(Groups.BUYS)) {
            memory.cartTouches.clear();
        } else if (kind.in(Groups.TOUCHES)) {
            memory.cartTouches.count(at / TOUCHES_BUCKET, at / TOUCHES_BUCKET - 31);
        } else if (kind == Kind.PRODUCT_VIEWED) {
            memory.views.count(at / VIEWS_BUCKET, at / VIEWS_BUCKET - 31);
        }
        if (kind.in(Groups.SHOWS)) {
            seen(memory, at / DAY);
        }
        if (kind == Kind.REVIEW_POSTED && signal.rating() != null) {
            memory.lastRating = signal.rating();
        }
    }

    private static void seen(Memory memory, long day) {
        long[] days = memory.days;
        if (days.length == 0 || days[days.length - 1] != day) {
            long[] live = Arrays.stream(days).filter(each -> each >= day - 29).toArray();
            memory.days = Arrays.copyOf(live, live.length + 1);
            memory.days[live.length] = day;
        }
    }

    /** Products looked at within three hours. */
    static long views(Memory memory, long at) {
        return memory.views.total(at / VIEWS_BUCKET - 31);
    }

    /** What there was to do with carts within seven days. */
    static long cartTouches(Memory memory, long at) {
        return memory.cartTouches.total(at / TOUCHES_BUCKET - 31);
    }

    /** On how many of thirty days the customer was here. */
    static long daysHere(Memory memory, long at) {
        return Arrays.stream(memory.days).filter(each -> each >= at / DAY - 29).count();
    }

    static Map<String, Object> facts(Object... namesAndValues) {
        Map<String, Object> facts = new LinkedHashMap<>();
        for (int at = 0; at < namesAndValues.length; at += 2) {
            facts.put((String) namesAndValues[at], namesAndValues[at + 1]);
        }
        return facts;
    }
}
