package stagewatch.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;

/** One event: decoded, its customer's memory changed, its transitions forwarded. */
final class Classify implements Processor<String, byte[], String, byte[]> {
    static final String STORE = "memories";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectReader EVENTS = JSON.readerFor(Event.class);
    private static final ObjectWriter TRANSITIONS = JSON.writerFor(Transition.class);

    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, Memory> memories;

    @Override
    public void init(ProcessorContext<String, byte[]> context) {
        this.context = context;
        memories = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<String, byte[]> record) {
        try {
            Event event = EVENTS.readValue(record.value());
            Kind kind = event.kind();
            if (kind == null) {
                return;
            }
            RecordMetadata stood = context.recordMetadata().orElseThrow();
            Signal signal = event.signal(kind, stood.topic(), stood.partition(), stood.offset());
            Memory memory = memories.get(signal.customer());
            if (memory == null) {
                memory = new Memory();
            }
            List<Transition> made = new ArrayList<>();
            new FiveStage(memory, signal.customer(), made).hear(signal);
            memories.put(signal.customer(), memory);
            for (Transition transition : made) {
                byte[] value = TRANSITIONS.writeValueAsBytes(transition);
                context.forward(record.withKey(signal.customer()).withValue(value));
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
