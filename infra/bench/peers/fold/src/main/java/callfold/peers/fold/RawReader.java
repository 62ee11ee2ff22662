package callfold.peers.fold;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/**
 * Raw events from Confluent's wire format. What was written by the current schema is read straight from the decoder,
 * which is the fastest way that Avro has; any other writer's through schema resolution. One thread's own.
 */
public final class RawReader {
  public static final String SUBJECT = "callfold.raw.callcenter24-value";
  private static final int HEAD_BYTES = 5;
  private static final long MIN_TIME = 631_152_000_000L;
  private static final long MAX_TIME = 4_133_980_800_000L;
  private static final long FUTURE_MS = 86_400_000;
  private static final List<String> FIELDS =
      List.of("tenantId", "eventId", "callId", "occurredAt", "status", "attributes", "payload", "adapter");

  private final Registry registry;
  private final Schema schema;
  private final Map<Integer, GenericDatumReader<GenericRecord>> others = new HashMap<>();
  private final RawEvent event = new RawEvent();
  private int current;
  private BinaryDecoder decoder;

  public RawReader(Registry registry) {
    this.registry = registry;
    Registry.Registered latest = registry.latest(SUBJECT);
    schema = latest.schema();
    current = latest.id();
    List<String> names = schema.getFields().stream().map(Schema.Field::name).toList();
    if (!names.equals(FIELDS)) throw new IllegalStateException(SUBJECT + " has the fields " + names);
  }

  /** @return the same object each time, or null: no event that can be folded */
  public RawEvent read(byte[] value, long loggedAt) {
    if (value.length < HEAD_BYTES || value[0] != 0) return null;
    int id = ByteBuffer.wrap(value, 1, 4).getInt();
    decoder = DecoderFactory.get().binaryDecoder(value, HEAD_BYTES, value.length - HEAD_BYTES, decoder);
    try {
      if (id == current) readCurrent();
      else readOther(id);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    boolean inTime = event.occurredAt >= MIN_TIME && event.occurredAt < MAX_TIME;
    return inTime && event.occurredAt <= loggedAt + FUTURE_MS && !event.callId.isBlank() ? event : null;
  }

  private void readCurrent() throws IOException {
    event.tenantId = decoder.readString();
    event.eventId = text();
    event.callId = decoder.readString();
    event.occurredAt = decoder.readLong();
    event.status = text();
    event.attributes = 0;
    if (decoder.readIndex() == 0) return;
    for (long left = decoder.readMapStart(); left != 0; left = decoder.mapNext()) {
      for (; left > 0; left--) pair(decoder.readString(), decoder.readString());
    }
  }

  private String text() throws IOException {
    return decoder.readIndex() == 0 ? null : decoder.readString();
  }

  private void pair(String name, String value) {
    int place = 2 * event.attributes;
    if (place + 2 > event.pairs.length) event.pairs = java.util.Arrays.copyOf(event.pairs, 2 * event.pairs.length);
    event.pairs[place] = name;
    event.pairs[place + 1] = value;
    event.attributes += 1;
  }

  private void readOther(int id) throws IOException {
    GenericRecord record = others.computeIfAbsent(id, this::readerOf).read(null, decoder);
    event.tenantId = record.get("tenantId").toString();
    event.eventId = textOf(record.get("eventId"));
    event.callId = record.get("callId").toString();
    event.occurredAt = (Long) record.get("occurredAt");
    event.status = textOf(record.get("status"));
    event.attributes = 0;
    if (!(record.get("attributes") instanceof Map<?, ?> map)) return;
    map.forEach((name, value) -> pair(name.toString(), value.toString()));
  }

  private GenericDatumReader<GenericRecord> readerOf(int id) {
    GenericData data = new GenericData().setFastReaderEnabled(true);
    return new GenericDatumReader<>(registry.byId(id), schema, data);
  }

  private static String textOf(Object value) {
    return value == null ? null : value.toString();
  }
}
