package stagewatch.bench;

import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.Stores;

/**
 * The job on Kafka Streams: the DSL from topic to topic, and in between a processor with a key-value store.
 *
 * <p>Written as its documentation shows combining both
 * (https://kafka.apache.org/43/streams/developer-guide/processor-api/ and .../dsl-api/): a persistent store (RocksDB)
 * with its changelog, which is on unless it is switched off, and at-least-once, which is the default. The store is
 * cached, as .../developer-guide/memory-mgmt/ shows for the Processor API, which spares RocksDB and the changelog and
 * was the faster way here. Everything else is as it comes: one thread, offsets committed every 30 seconds.
 *
 * <p>Arguments: broker, source, output, application id, folder for state.
 */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws InterruptedException {
        String source = arguments[1];
        String output = arguments[2];
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(
                Stores.keyValueStoreBuilder(
                                Stores.persistentKeyValueStore(Classify.STORE), Serdes.String(), Memory.serde())
                        .withLoggingEnabled(Map.of())
                        .withCachingEnabled());
        builder.stream(source, Consumed.with(Serdes.String(), Serdes.ByteArray()))
                .process(Classify::new, Classify.STORE)
                .to(output, Produced.with(Serdes.String(), Serdes.ByteArray()));

        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[3]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    streams.close();
                                    stopped.countDown();
                                }));
        streams.start();
        stopped.await();
    }
}
