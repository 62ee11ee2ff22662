package callfold.peers.fold;

import static java.nio.charset.StandardCharsets.UTF_8;

import callfold.peers.fold.CallState.Attribute;
import java.util.Arrays;

/** A call's state as bytes, compact and without a schema: it is read by what wrote it. One thread's own. */
public final class StateCodec {
  private static final int TRUNCATED = 1;
  private static final int SILENT = 2;
  private byte[] bytes = new byte[1_024];
  private int at;

  public byte[] encode(CallState state) {
    at = 0;
    text(state.tenantId);
    text(state.callId);
    number((state.truncated ? TRUNCATED : 0) | (state.silent ? SILENT : 0));
    number(state.changedAt);
    time(state.settleAt, state.changedAt);
    time(state.timer, state.changedAt);
    time(state.markerUntil, state.changedAt);
    number(state.revision);
    if (state.revision > 0) {
      number(state.publishedHash);
      text(state.publishedOutcome);
    }
    number(state.facts.size());
    long before = state.changedAt;
    for (Fact fact : state.facts) {
      number(fact.at() - before);
      before = fact.at();
      number(fact.loggedAt() - before);
      number(fact.word().ordinal());
      number(fact.agentWas());
      text(fact.id());
      text(fact.status());
      text(fact.agent());
    }
    number(state.attributes.size());
    for (Attribute one : state.attributes) {
      text(one.name());
      number(one.at() - state.changedAt);
      text(one.value());
    }
    return Arrays.copyOf(bytes, at);
  }

  public CallState decode(byte[] from) {
    byte[] own = bytes;
    bytes = from;
    at = 0;
    try {
      return read();
    } finally {
      bytes = own;
    }
  }

  private CallState read() {
    CallState state = new CallState();
    state.tenantId = text();
    state.callId = text();
    int flags = (int) number();
    state.truncated = (flags & TRUNCATED) != 0;
    state.silent = (flags & SILENT) != 0;
    state.changedAt = number();
    state.settleAt = time(state.changedAt);
    state.timer = time(state.changedAt);
    state.markerUntil = time(state.changedAt);
    state.revision = (int) number();
    if (state.revision > 0) {
      state.publishedHash = number();
      state.publishedOutcome = text();
    }
    long before = state.changedAt;
    for (int left = (int) number(); left > 0; left--) {
      before += number();
      long loggedAt = before + number();
      Word word = Word.of((int) number());
      byte agentWas = (byte) number();
      String id = text();
      String status = text();
      state.facts.add(new Fact(before, word, id, status, loggedAt, text(), agentWas));
    }
    for (int left = (int) number(); left > 0; left--) {
      String name = text();
      long since = state.changedAt + number();
      state.attributes.add(new Attribute(name, since, text()));
    }
    return state;
  }

  /** As the distance from another time, and one more so that 0 is none. */
  private void time(long time, long from) {
    if (time == CallState.NONE) number(0);
    else number(time - from >= 0 ? time - from + 1 : time - from);
  }

  private long time(long from) {
    long distance = number();
    return distance == 0 ? CallState.NONE : from + (distance > 0 ? distance - 1 : distance);
  }

  private void text(String text) {
    if (text == null) {
      number(-1);
      return;
    }
    byte[] encoded = text.getBytes(UTF_8);
    number(encoded.length);
    room(encoded.length);
    System.arraycopy(encoded, 0, bytes, at, encoded.length);
    at += encoded.length;
  }

  private String text() {
    int length = (int) number();
    if (length < 0) return null;
    String text = new String(bytes, at, length, UTF_8);
    at += length;
    return text;
  }

  /** Zigzag, seven bits a byte. */
  private void number(long number) {
    room(10);
    long rest = (number << 1) ^ (number >> 63);
    while ((rest & ~0x7FL) != 0) {
      bytes[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[at++] = (byte) rest;
  }

  private long number() {
    long rest = 0;
    int shift = 0;
    byte next;
    do {
      next = bytes[at++];
      rest |= (next & 0x7FL) << shift;
      shift += 7;
    } while (next < 0);
    return (rest >>> 1) ^ -(rest & 1);
  }

  private void room(int more) {
    if (at + more > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, at + more));
  }
}
