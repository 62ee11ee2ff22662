package callfold.peers.flink;

import callfold.peers.fold.CallFold;
import callfold.peers.fold.Count;
import callfold.peers.fold.Site;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Properties;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;

/** The fold of call outcomes in Flink: one process with a mini cluster, as many slots as threads are asked for. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    Site site = new Site(args);
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.createLocalEnvironment(site.number("threads"), configuration(site));
    env.fromSource(source(site), WatermarkStrategy.forMonotonousTimestamps(), "raw")
        .keyBy(message -> new String(message.key(), StandardCharsets.ISO_8859_1), Types.STRING)
        .process(new CallFunction(site))
        .sinkTo(sink(site));
    JobClient job = env.executeAsync("callfold");
    job.getJobExecutionResult()
        .whenComplete(
            (result, error) -> {
              if (error != null) error.printStackTrace();
              Runtime.getRuntime().halt(1);
            });
    Count.tell(() -> Runtime.getRuntime().halt(0));
    Thread.currentThread().join();
  }

  private static Configuration configuration(Site site) {
    Configuration set = new Configuration();
    set.setString("pipeline.object-reuse", "true");
    set.setString("pipeline.auto-watermark-interval", "100 ms");
    set.setString("execution.checkpointing.interval", site.get("commitMs") + " ms");
    set.setString("execution.checkpointing.mode", "EXACTLY_ONCE");
    set.setString("execution.checkpointing.dir", "file://" + site.get("dir") + "/checkpoints");
    set.setString("execution.checkpointing.incremental", "true");
    set.setString("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
    set.setString("state.backend.type", site.get("backend"));
    set.setString("state.backend.rocksdb.localdir", site.get("dir") + "/rocksdb");
    // The usual advice: timers in the heap while they fit there, filters for keys that are not there.
    set.setString("state.backend.rocksdb.timer-service.factory", "HEAP");
    set.setString("state.backend.rocksdb.use-bloom-filter", "true");
    set.setString("taskmanager.memory.managed.size", site.get("managedMiB") + "m");
    set.setString("taskmanager.memory.network.min", "64m");
    set.setString("taskmanager.memory.network.max", "64m");
    set.setString("restart-strategy.type", "none");
    String from = site.get("from");
    if (!from.isEmpty()) set.setString("execution.state-recovery.path", from);
    return set;
  }

  private static KafkaSource<Message> source(Site site) {
    return KafkaSource.<Message>builder()
        .setBootstrapServers(site.get("brokers"))
        .setTopics(Site.RAW)
        .setGroupId(site.get("group"))
        .setStartingOffsets(OffsetsInitializer.committedOffsets(OffsetResetStrategy.EARLIEST))
        .setProperty("max.poll.records", "5000")
        .setDeserializer(new RawDeserializer())
        .build();
  }

  private static KafkaSink<CallFold.Derived> sink(Site site) {
    Properties producer = new Properties();
    producer.put("transaction.timeout.ms", String.valueOf(Duration.ofMinutes(10).toMillis()));
    producer.put("batch.size", "131072");
    producer.put("linger.ms", site.get("lingerMs"));
    producer.put("compression.type", "lz4");
    return KafkaSink.<CallFold.Derived>builder()
        .setBootstrapServers(site.get("brokers"))
        .setDeliveryGuarantee(DeliveryGuarantee.valueOf(site.get("guarantee")))
        .setTransactionalIdPrefix(site.get("group"))
        .setKafkaProducerConfig(producer)
        .setRecordSerializer(new OutcomeSerializer(site.number("partitions")))
        .build();
  }
}
