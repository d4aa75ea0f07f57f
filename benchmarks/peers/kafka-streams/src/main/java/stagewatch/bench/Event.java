package stagewatch.bench;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import java.util.List;

/** A Segment call, as far as the journey needs it. */
@JsonIgnoreProperties(ignoreUnknown = true)
record Event(
        String type,
        String event,
        String userId,
        String anonymousId,
        String messageId,
        String originalTimestamp,
        Properties properties,
        Context context) {

    private static final Properties NOTHING =
            new Properties(null, null, null, null, null, null);

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Properties(
            @JsonProperty("cart_id") String cart,
            List<Object> products,
            Double value,
            Double revenue,
            Double total,
            Double rating) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Context(Campaign campaign) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Campaign(String medium) {}

    /** What the call says; null if it says nothing that the journey knows. */
    Kind kind() {
        Kind called = type == null ? null : Kind.CALLS.get(type);
        return called != null ? called : Kind.NAMES.get(event);
    }

    Signal signal(Kind kind, String topic, int partition, long offset) {
        Properties said = properties == null ? NOTHING : properties;
        boolean order = kind == Kind.ORDER_COMPLETED || kind == Kind.ORDER_CANCELLED;
        return new Signal(
                userId != null ? userId : anonymousId,
                kind,
                Instant.parse(originalTimestamp).toEpochMilli(),
                messageId,
                context == null || context.campaign == null ? null : context.campaign.medium,
                "Product Added".equals(event) ? "added" : "Product Removed".equals(event) ? "removed" : null,
                said.cart,
                said.products == null ? null : said.products.size(),
                said.value,
                order && said.revenue == null ? said.total : said.revenue,
                kind == Kind.ORDER_REFUNDED ? said.total : null,
                said.rating,
                topic,
                partition,
                offset);
    }
}
