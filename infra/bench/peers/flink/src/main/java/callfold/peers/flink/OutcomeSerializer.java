package callfold.peers.flink;

import callfold.peers.fold.CallFold;
import callfold.peers.fold.Site;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.utils.Utils;

/** A derived record goes to the partition of its raw records' number, as ours does: by its call's raw key. */
final class OutcomeSerializer implements KafkaRecordSerializationSchema<CallFold.Derived> {
  private final int partitions;

  OutcomeSerializer(int partitions) {
    this.partitions = partitions;
  }

  @Override
  public ProducerRecord<byte[], byte[]> serialize(CallFold.Derived derived, KafkaSinkContext context, Long at) {
    int partition = Utils.toPositive(Utils.murmur2(derived.rawKey())) % partitions;
    return new ProducerRecord<>(Site.OUTCOMES, partition, at, derived.key(), derived.value());
  }
}
