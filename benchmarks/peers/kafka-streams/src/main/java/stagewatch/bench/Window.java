package stagewatch.bench;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** A sliding count in buckets: [bucket, count, ...], the oldest first, of those into which anything fell. */
final class Window {
    @JsonValue private long[] buckets;

    Window() {
        this(new long[0]);
    }

    @JsonCreator
    Window(long[] buckets) {
        this.buckets = buckets;
    }

    void clear() {
        buckets = new long[0];
    }

    void count(long bucket, long oldest) {
        int length = buckets.length;
        if (length > 0 && buckets[length - 2] == bucket) {
            buckets[length - 1]++;
            return;
        }
        int start = start(oldest);
        long[] longer = new long[length - start + 2];
        System.arraycopy(buckets, start, longer, 0, length - start);
        longer[longer.length - 2] = bucket;
        longer[longer.length - 1] = 1;
        buckets = longer;
    }

    long total(long oldest) {
        long sum = 0;
        for (int at = start(oldest); at < buckets.length; at += 2) {
            sum += buckets[at + 1];
        }
        return sum;
    }

    private int start(long oldest) {
        int start = 0;
        while (start < buckets.length && buckets[start] < oldest) {
            start += 2;
        }
        return start;
    }
}
