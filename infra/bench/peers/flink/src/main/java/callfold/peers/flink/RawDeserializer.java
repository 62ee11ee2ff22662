package callfold.peers.flink;

import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A raw record as it came. A tick, which has no key, goes on as well: only what is passed on moves event time. */
final class RawDeserializer implements KafkaRecordDeserializationSchema<Message> {
  private static final byte[] NOTHING = new byte[0];

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Message> out) {
    byte[] key = record.key() == null ? NOTHING : record.key();
    byte[] value = record.value() == null ? NOTHING : record.value();
    out.collect(new Message(key, value, record.timestamp()));
  }

  @Override
  public TypeInformation<Message> getProducedType() {
    return new OwnType<>(Message.class, () -> Message.Serializer.INSTANCE);
  }
}
