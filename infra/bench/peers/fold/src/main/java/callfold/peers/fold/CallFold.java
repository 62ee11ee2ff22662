package callfold.peers.fold;

import static callfold.peers.fold.CallState.NONE;

/**
 * One step of one call: an event comes, or its timer is due. Time is the log's: append times, never a clock. One
 * thread's own.
 */
public final class CallFold {
  private final Settings settings;
  private final OutcomeWriter writer;
  private final CallStatus.Reader words = new CallStatus.Reader();

  /** @param schemaId of the derived topic's schema */
  public CallFold(Settings settings, int schemaId) {
    this.settings = settings;
    writer = new OutcomeWriter(schemaId, settings);
  }

  /** A derived record: key, value in Confluent's wire format, and the key that its call's raw records have. */
  public record Derived(byte[] key, byte[] value, byte[] rawKey) {}

  /** What an event did to its call. */
  public enum Change {
    NOTHING,
    STATE
  }

  private Derived derived;

  /** What the last step gave to be published; null: nothing. */
  public Derived taken() {
    Derived given = derived;
    derived = null;
    return given;
  }

  /** The state must have fired what was due at or before {@code loggedAt}. */
  public Change event(CallState state, RawEvent event, long loggedAt) {
    if (state.markerUntil != NONE) return Change.NOTHING;
    state.tenantId = event.tenantId;
    state.callId = event.callId;
    if (!state.add(event, words.read(event.status), loggedAt)) return Change.NOTHING;
    if (state.settleAt == NONE && state.isOver()) {
      if (settings.settleMs() > 0) state.settleAt = loggedAt + settings.settleMs();
      else publish(state);
    }
    arm(state);
    return Change.STATE;
  }

  /** @return false when nothing is left of the call */
  public boolean fire(CallState state, long due) {
    state.timer = NONE;
    boolean settles = state.settleAt != NONE && state.settleAt <= due;
    boolean closes = isLive(state) && state.changedAt + settings.closeAfterMs() <= due;
    if (closes) state.silent = true;
    if (settles || closes) publish(state);
    boolean drops = state.settleAt == NONE && state.markerUntil == NONE && isClosed(state);
    if (drops && state.changedAt + settings.dropAfterMs() <= due) drop(state, due);
    if (state.markerUntil != NONE && state.markerUntil <= due) return false;
    arm(state);
    return true;
  }

  private static boolean isClosed(CallState state) {
    return state.silent || state.isOver();
  }

  private static boolean isLive(CallState state) {
    return state.markerUntil == NONE && !isClosed(state);
  }

  private void drop(CallState state, long due) {
    state.facts.clear();
    state.attributes.clear();
    state.silent = false;
    state.revision = 0;
    state.publishedOutcome = null;
    state.markerUntil = due + settings.markerMs();
  }

  /** One timer a call: it is moved only to be earlier, and looks again when it fires too early. */
  private void arm(CallState state) {
    long due;
    if (state.markerUntil != NONE) due = state.markerUntil;
    else {
      boolean closed = isClosed(state);
      due = state.settleAt == NONE ? Long.MAX_VALUE : state.settleAt;
      if (!closed) due = Math.min(due, state.changedAt + settings.closeAfterMs());
      else if (state.settleAt == NONE) due = Math.min(due, state.changedAt + settings.dropAfterMs());
    }
    if (due != Long.MAX_VALUE && (state.timer == NONE || due < state.timer)) state.timer = due;
  }

  /** The next revision, when it says something else than what was published last. */
  private void publish(CallState state) {
    state.settleAt = NONE;
    if (state.facts.isEmpty() || !isClosed(state)) return;
    Outcome outcome = new Outcome(state, settings);
    long hash = writer.contentHash(outcome);
    if (state.revision > 0 && state.publishedHash == hash) return;
    String label = outcome.verdict.outcome();
    boolean corrects = state.revision > 0 && !state.publishedOutcome.equals(label);
    state.revision += 1;
    derived = writer.write(outcome, state.revision, corrects ? state.publishedOutcome : null);
    state.publishedHash = hash;
    state.publishedOutcome = label;
  }
}
