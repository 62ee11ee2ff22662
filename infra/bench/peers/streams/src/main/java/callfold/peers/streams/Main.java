package callfold.peers.streams;

import callfold.peers.fold.Count;
import callfold.peers.fold.Site;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.Stores;

/** The fold of call outcomes in Kafka Streams: one task a partition, its states in RocksDB with a changelog. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    Site site = new Site(args);
    KafkaStreams streams = new KafkaStreams(topology(site), properties(site));
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          Runtime.getRuntime().halt(1);
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.start();
    Count.tell(() -> Runtime.getRuntime().halt(0));
  }

  private static Topology topology(Site site) {
    Topology topology = new Topology();
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    topology.addSource("raw", bytes, bytes, Site.RAW);
    topology.addProcessor("fold", () -> new CallProcessor(site), "raw");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(CallProcessor.STORE), Serdes.Bytes(), Serdes.ByteArray())
            // A call that is touched often is written once a commit, to RocksDB and to the changelog.
            .withCachingEnabled()
            .withLoggingEnabled(Map.of()),
        "fold");
    // A derived record goes to the partition of its raw records' number, as ours does.
    topology.addSink(
        "outcomes",
        Site.OUTCOMES,
        new ByteArraySerializer(),
        (String topic, Placed placed) -> placed.value(),
        (String topic, byte[] key, Placed placed, int partitions) -> Optional.of(Set.of(placed.partition())),
        "fold");
    return topology;
  }

  private static Properties properties(Site site) {
    Properties set = new Properties();
    set.put(StreamsConfig.APPLICATION_ID_CONFIG, site.get("group"));
    set.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, site.get("brokers"));
    set.put(StreamsConfig.STATE_DIR_CONFIG, site.get("dir"));
    set.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, site.get("guarantee"));
    set.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, site.number("threads"));
    set.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, site.number("commitMs"));
    set.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, (long) site.number("cacheMiB") << 20);
    set.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    // Larger fetches and batches than the defaults, which suit small machines and short waits.
    set.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    set.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
    // As ours: a killed member holds its partitions for so long.
    set.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 6_000);
    set.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 131_072);
    set.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), site.number("lingerMs"));
    set.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
    return set;
  }
}
