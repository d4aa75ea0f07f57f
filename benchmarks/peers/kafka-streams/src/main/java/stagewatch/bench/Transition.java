package stagewatch.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.UUID;

/** A transition as it is published, in the form of schemas/published/transition.json; the id is made otherwise. */
record Transition(
        String id,
        long sequence,
        String customer,
        String journey,
        int version,
        String track,
        String instance,
        String name,
        String from,
        String to,
        String at,
        @JsonProperty("recorded_at") String recordedAt,
        @JsonProperty("previous_at") String previousAt,
        Cause cause,
        Map<String, Object> facts,
        String kind,
        String corrects,
        String reason,
        boolean late) {

    private static final DateTimeFormatter RFC_3339 =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    record Cause(String kind, String id, String topic, Integer partition, Long offset) {
        static final Cause DEADLINE = new Cause("deadline", null, null, null, null);
    }

    /** A move made: on which track, which, from where and since when (ms, null for the beginning), to where. */
    record Move(String track, String name, String from, Long since, String to, long at) {}

    static Transition of(
            String customer,
            long sequence,
            Move move,
            String instance,
            Cause cause,
            Map<String, Object> facts,
            String reason) {
        String at = rfc3339(move.at);
        String said =
                String.join(
                        "\n",
                        customer,
                        move.track,
                        String.valueOf(instance),
                        move.name,
                        at,
                        cause.id == null ? cause.kind : cause.id);
        return new Transition(
                UUID.nameUUIDFromBytes(said.getBytes(StandardCharsets.UTF_8)).toString(),
                sequence,
                customer,
                "five-stage",
                2,
                move.track,
                instance,
                move.name,
                move.from,
                move.to,
                at,
                at,
                move.since == null ? null : rfc3339(move.since),
                cause,
                facts,
                reason == null ? "made" : "suppressed",
                null,
                reason,
                false);
    }

    private static String rfc3339(long at) {
        return RFC_3339.format(Instant.ofEpochMilli(at));
    }
}
