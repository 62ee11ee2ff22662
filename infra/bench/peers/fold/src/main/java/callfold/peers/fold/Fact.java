package callfold.peers.fold;

/** One event as a call's state keeps it; {@code at} and {@code loggedAt} in epoch ms. */
public record Fact(long at, Word word, String id, String status, long loggedAt, String agent, byte agentWas) {

  static Fact of(RawEvent event, CallStatus said, long loggedAt) {
    return new Fact(
        event.occurredAt, said.word(), event.eventId, event.status, loggedAt, said.agent(), said.agentWas());
  }

  /** Total order: by time, then the words' rank, then all that tells two apart. 0: the same fact. */
  static int compare(Fact a, Fact b) {
    if (a.at != b.at) return Long.compare(a.at, b.at);
    if (a.word != b.word) return a.word.compareTo(b.word);
    int order = compareText(a.agent, b.agent);
    if (order == 0) order = compareText(a.id, b.id);
    if (order == 0) order = compareText(a.status, b.status);
    return order != 0 ? order : Byte.compare(a.agentWas, b.agentWas);
  }


  private static int compareText(String a, String b) {
    if (a == null || b == null) return a == b ? 0 : a == null ? -1 : 1;
    return a.compareTo(b);
  }
}
