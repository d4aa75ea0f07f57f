package stagewatch.bench;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** All that is kept about a customer; written down as a JSON array, names left out. Times in ms, 0 for never seen. */
@JsonFormat(shape = JsonFormat.Shape.ARRAY)
@JsonPropertyOrder(alphabetic = true)
@JsonAutoDetect(fieldVisibility = JsonAutoDetect.Visibility.ANY)
final class Memory {
    /** A deadline that does not come. */
    static final long NEVER = 1L << 62;

    boolean begun;
    long sequence;

    int stage;
    Long stageSince;
    long dropsOff = NEVER;
    int furthest;

    Map<String, Cart> carts = new LinkedHashMap<>();
    long cartsDue = NEVER;

    int activity;
    Long activitySince;
    long activityDue = NEVER;

    int sentiment;
    Long sentimentSince;

    int browse;
    Long browseSince;
    long leaves = NEVER;
    long browseEnds = NEVER;
    Long leftPublished;

    int orders;
    int ordersUndone;
    double spent;
    double paidBack;
    Double orderValue;
    Long boughtAt;
    String firstChannel;
    String lastChannel;
    Window views = new Window();
    Window cartTouches = new Window();
    long[] days = {};
    Double lastRating;

    /** One cart of a customer. */
    @JsonFormat(shape = JsonFormat.Shape.ARRAY)
    @JsonPropertyOrder(alphabetic = true)
    @JsonAutoDetect(fieldVisibility = JsonAutoDetect.Visibility.ANY)
    static final class Cart {
        String id;
        int stage;
        Long since;
        Held held;
        long heldUntil = NEVER;
        long due = NEVER;
        Double value;
        Integer items;

        @JsonIgnore
        boolean isClosed() {
            return (stage == 0 || stage == 4) && held == null;
        }
    }

    /** A cart emptied that waits whether another product is put in. */
    @JsonFormat(shape = JsonFormat.Shape.ARRAY)
    record Held(int left, Long since, long at, String kind, String id, String topic, int partition, long offset) {}

    /** The next moment at which silence changes something. */
    long due() {
        return Math.min(
                Math.min(dropsOff, cartsDue), Math.min(activityDue, Math.min(leaves, browseEnds)));
    }

    static Serde<Memory> serde() {
        ObjectMapper json = new ObjectMapper();
        ObjectReader reader = json.readerFor(Memory.class);
        ObjectWriter writer = json.writerFor(Memory.class);
        return Serdes.serdeFrom(
                (topic, memory) -> {
                    try {
                        return memory == null ? null : writer.writeValueAsBytes(memory);
                    } catch (IOException error) {
                        throw new UncheckedIOException(error);
                    }
                },
                (topic, bytes) -> {
                    try {
                        return bytes == null ? null : reader.readValue(bytes);
                    } catch (IOException error) {
                        throw new UncheckedIOException(error);
                    }
                });
    }
}
