package callfold.peers.fold;

import java.io.Serializable;

/** Everything that changes a result, in ms; as callfold's defaults, less {@code settleMs}. */
public record Settings(
    long settleMs,
    long shortAbandonMs,
    long teardownMs,
    long missedOfferMs,
    long closeAfterMs,
    long dropAfterMs,
    long markerMs)
    implements Serializable {
  private static final long HOUR = 3_600_000;

  public static Settings withSettle(long settleMs) {
    return new Settings(settleMs, 5_000, 5_000, 15_000, 4 * HOUR, 24 * HOUR, 7 * 24 * HOUR);
  }
}
