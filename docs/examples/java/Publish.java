// Publishes one event as an upstream in Java would: Kafka's client and Avro, nothing of callfold's. It needs a JDK of 17
// or newer, and Maven for the class path.
//
//   mvn -q -f docs/examples/java/pom.xml dependency:build-classpath -Dmdep.outputFile=/tmp/classpath
//   java -cp "$(cat /tmp/classpath)" docs/examples/java/Publish.java CALL-ID STATUS
//   reads CALLFOLD_KAFKA_BROKERS and CALLFOLD_REGISTRY_URL

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

public final class Publish {
  private static final String TOPIC = "callfold.raw.callcenter24";
  private static final String TENANT = "default";

  public static void main(String[] args) throws Exception {
    var callId = args.length > 0 ? args[0] : "example-1";
    var status = args.length > 1 ? args[1] : "Redirect to voice mail";
    var registered = Registered.latest(System.getenv("CALLFOLD_REGISTRY_URL"), TOPIC + "-value");
    var event = new GenericRecordBuilder(registered.schema())
        .set("tenantId", TENANT)
        .set("callId", callId)
        .set("occurredAt", System.currentTimeMillis())
        .set("status", status)
        .set("attributes", Map.of("queue", "sales"))
        .build(); // The other fields have defaults: `eventId` is your own id of the event, if you have one.
    // All events of one call get one key, and so stand in one partition: the client's own partitioner hashes the key.
    var key = TENANT + "/" + callId.replace("%", "%25").replace("/", "%2F");
    try (var producer = new KafkaProducer<>(settings(), new StringSerializer(), new ByteArraySerializer())) {
      // `get` waits until the log has it. A service would rather hand `send` a callback, and keep sending.
      var at = producer.send(new ProducerRecord<>(TOPIC, key, registered.encode(event))).get();
      System.out.println("published: " + callId + " " + status + ", " + at);
    }
  }

  private static Map<String, Object> settings() {
    return Map.of(
        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("CALLFOLD_KAFKA_BROKERS"),
        // Acknowledged by all replicas in sync, and each send written once, in order, however often it is repeated.
        ProducerConfig.ACKS_CONFIG, "all",
        ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true,
        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 120_000,
        ProducerConfig.LINGER_MS_CONFIG, 5,
        ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
  }

  /**
   * The topic's schema as the registry has it. Where Confluent's KafkaAvroSerializer is at hand, it is the
   * `value.serializer` instead, with `auto.register.schemas=false` and `use.latest.version=true`: the bytes are the same.
   */
  private record Registered(int id, Schema schema) {
    static Registered latest(String registry, String subject) throws IOException, InterruptedException {
      var latest = URI.create(registry.replaceAll("/$", "") + "/subjects/" + subject + "/versions/latest");
      var answer = HttpClient.newHttpClient().send(HttpRequest.newBuilder(latest).build(), BodyHandlers.ofString());
      if (answer.statusCode() != 200) throw new IOException(latest + ": " + answer.statusCode() + " " + answer.body());
      var json = new ObjectMapper().readTree(answer.body());
      return new Registered(json.get("id").asInt(), new Schema.Parser().parse(json.get("schema").asText()));
    }

    /** Confluent's wire format: a zero byte, the schema's id in four, then the Avro value. */
    byte[] encode(GenericRecord event) throws IOException {
      var bytes = new ByteArrayOutputStream();
      var head = new DataOutputStream(bytes);
      head.writeByte(0);
      head.writeInt(id);
      var encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
      new GenericDatumWriter<GenericRecord>(schema).write(event, encoder);
      encoder.flush();
      return bytes.toByteArray();
    }
  }
}
