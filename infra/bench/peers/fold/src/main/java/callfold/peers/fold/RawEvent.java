package callfold.peers.fold;

/** One raw event as it is read from the log; reused from record to record. */
public final class RawEvent {
  public String tenantId;
  public String callId;
  public String eventId;
  /** Epoch ms. */
  public long occurredAt;
  public String status;
  /** Names and values in turn; the first {@code attributes} pairs count. */
  public String[] pairs = new String[32];
  public int attributes;
}
