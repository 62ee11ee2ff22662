package callfold.peers.fold;

import static java.nio.charset.StandardCharsets.UTF_8;

import callfold.peers.fold.CallState.Attribute;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Outcomes to bytes, field by field in the schema's order, in Confluent's wire format. One thread's own. */
final class OutcomeWriter {
  static final List<String> FIELDS =
      List.of(
          "kind", "outcomeId", "revision", "correctionOf", "tenantId", "source", "occurredAt", "ingestedAt", "callId",
          "outcome", "reason", "rawStatus", "stage", "short", "voicemailLeft", "transferred", "abandonedInTransfer",
          "hungUpBy", "personReached", "fault", "inferred", "startedAt", "queuedAt", "answeredAt", "endedAt", "waitMs",
          "talkMs", "agents", "offers", "missedOffers", "anomalies", "decidedBy", "attributes");
  private static final String SOURCE = "callcenter24";
  private final Settings settings;
  private final byte[] head;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1_024);
  private BinaryEncoder out;

  OutcomeWriter(int schemaId, Settings settings) {
    this.settings = settings;
    head = ByteBuffer.allocate(5).put((byte) 0).putInt(schemaId).array();
  }

  static void check(Schema schema) {
    List<String> names = schema.getFields().stream().map(Schema.Field::name).toList();
    if (!names.equals(FIELDS)) throw new IllegalStateException("the derived topic's schema has the fields " + names);
  }

  /** Of what the record says, less what depends on when and how often it was said. */
  long contentHash(Outcome outcome) {
    byte[] content = encode(outcome, 0, null, null);
    long hash = 0xcbf29ce484222325L;
    for (byte one : content) hash = (hash ^ one) * 0x100000001b3L;
    return hash;
  }

  CallFold.Derived write(Outcome outcome, int revision, String correctionOf) {
    byte[] value = encode(outcome, revision, correctionOf, outcome.verdict.deciding().loggedAt());
    CallState call = outcome.state;
    String rawKey = call.tenantId + '/' + part(call.callId);
    return new CallFold.Derived(idOf(call).getBytes(UTF_8), value, rawKey.getBytes(UTF_8));
  }

  private static String idOf(CallState state) {
    return state.tenantId + '/' + SOURCE + '/' + part(state.callId);
  }

  private static String part(String text) {
    if (text.indexOf('%') < 0 && text.indexOf('/') < 0) return text;
    return text.replace("%", "%25").replace("/", "%2F");
  }

  private byte[] encode(Outcome outcome, int revision, String correctionOf, Long ingestedAt) {
    bytes.reset();
    bytes.write(head, 0, head.length);
    out = EncoderFactory.get().binaryEncoder(bytes, out);
    try {
      writeHead(outcome, revision, correctionOf, ingestedAt);
      writeTimes(outcome);
      writeLists(outcome);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private void writeHead(Outcome o, int revision, String correctionOf, Long ingestedAt) throws IOException {
    out.writeString("call-outcome");
    out.writeString(idOf(o.state));
    out.writeInt(revision);
    text(correctionOf);
    out.writeString(o.state.tenantId);
    out.writeString(SOURCE);
    out.writeLong(o.verdict.deciding().at());
    number(ingestedAt);
    out.writeString(o.state.callId);
    out.writeString(o.verdict.outcome());
    out.writeString(o.reason);
    text(o.rawStatus);
    text(!o.abandoned ? null : o.timeline.ringingAtExit ? "ring" : "queue");
    flag(o.abandoned && o.waitMs != null ? o.waitMs <= settings.shortAbandonMs() : null);
    flag(o.is("voicemail") && o.timeline.recording != null ? Boolean.TRUE : null);
    out.writeBoolean(o.timeline.presence.secondAgentJoined);
    out.writeBoolean(o.answered && o.wasAbandonedInTransfer());
    text(o.hungUpBy);
    out.writeString(o.answered ? "yes" : o.is("unknown") ? "unknown" : "no");
    text(null);
    out.writeBoolean(o.inferred);
  }

  private void writeTimes(Outcome o) throws IOException {
    Presence p = o.timeline.presence;
    number(o.state.facts.get(0).at());
    number(p.firstJoin == null ? null : Long.valueOf(p.firstJoin.at()));
    number(o.answered ? Long.valueOf(o.verdict.deciding().at()) : null);
    number(o.endedAt);
    number(o.waitMs);
    number(o.talkMs);
  }

  private void writeLists(Outcome o) throws IOException {
    List<Presence.Stay> stays = o.timeline.presence.stays;
    start(stays.size());
    for (Presence.Stay stay : stays) {
      out.writeString(stay.agent);
      number(stay.joined == null ? null : Long.valueOf(stay.joined.at()));
      number(stay.left == null ? null : Long.valueOf(stay.left.at()));
    }
    out.writeArrayEnd();
    out.writeInt(o.timeline.offers.all.size());
    out.writeInt(o.timeline.offers.missed());
    texts(o.anomalies);
    out.writeString(o.verdict.rule());
    texts(o.verdict.eventIds());
    List<Attribute> attributes = o.state.attributes.stream().sorted(Comparator.comparing(Attribute::name)).toList();
    start(attributes.size());
    for (Attribute one : attributes) {
      out.writeString(one.name());
      out.writeString(one.value());
    }
    out.writeMapEnd();
  }

  /** Of an array or a map, which begin alike. */
  private void start(int size) throws IOException {
    out.writeArrayStart();
    out.setItemCount(size);
  }

  private void texts(List<String> texts) throws IOException {
    start(texts.size());
    for (String text : texts) out.writeString(text);
    out.writeArrayEnd();
  }

  private void text(String text) throws IOException {
    out.writeIndex(text == null ? 0 : 1);
    if (text != null) out.writeString(text);
  }

  private void number(Long number) throws IOException {
    out.writeIndex(number == null ? 0 : 1);
    if (number != null) out.writeLong(number);
  }

  private void flag(Boolean flag) throws IOException {
    out.writeIndex(flag == null ? 0 : 1);
    if (flag != null) out.writeBoolean(flag);
  }
}
