package callfold.peers.fold;

import java.util.ArrayList;
import java.util.List;

/** Everything kept of one call: the set of its facts in a fixed order, and when it is to be looked at. Changed in place. */
public final class CallState {
  static final long NONE = Long.MIN_VALUE;
  private static final int RINGING_FACTS = 768;
  private static final int OWN_FACTS = 256;

  public String tenantId;
  public String callId;
  ArrayList<Fact> facts = new ArrayList<>(8);
  /** By time, then name. */
  ArrayList<Attribute> attributes = new ArrayList<>(4);
  boolean truncated;
  /** Closed by the timer because nothing more came. */
  boolean silent;
  /** Append time of the last event that changed something. */
  long changedAt;
  /** When the changes seen so far are to be published, or NONE. */
  long settleAt = NONE;
  /** When its one timer is due, or NONE. */
  long timer = NONE;
  /** All was dropped and only this is left, until then; NONE: a live state. */
  long markerUntil = NONE;
  int revision;
  long publishedHash;
  String publishedOutcome;

  record Attribute(String name, long at, String value) {}

  /** Another one that says the same. */
  public CallState copy() {
    CallState other = new CallState();
    other.tenantId = tenantId;
    other.callId = callId;
    other.facts = new ArrayList<>(facts);
    other.attributes = new ArrayList<>(attributes);
    other.truncated = truncated;
    other.silent = silent;
    other.changedAt = changedAt;
    other.settleAt = settleAt;
    other.timer = timer;
    other.markerUntil = markerUntil;
    other.revision = revision;
    other.publishedHash = publishedHash;
    other.publishedOutcome = publishedOutcome;
    return other;
  }

  public long timer() {
    return timer;
  }

  public boolean hasTimer() {
    return timer != NONE;
  }

  /** Over: an end, a redirect, or the contact gone. */
  boolean isOver() {
    boolean gone = false;
    for (int at = 0; at < facts.size(); at++) {
      Word word = facts.get(at).word();
      if (word == Word.ENDED || word == Word.REDIRECTED) return true;
      if (word == Word.CONTACT_JOINED) gone = false;
      else if (word == Word.CONTACT_LEFT) gone = true;
    }
    return gone;
  }

  /** @return false when the event said nothing new */
  boolean add(RawEvent event, CallStatus said, long loggedAt) {
    boolean added = insert(Fact.of(event, said, loggedAt));
    if (event.attributes > 0) added |= Attributes.merge(this, event);
    if (!added) return false;
    silent = false;
    changedAt = loggedAt;
    return true;
  }

  /** The smallest facts stay, ringing and the rest each in its own room. */
  private boolean insert(Fact fact) {
    int place = facts.size();
    while (place > 0) {
      int order = Fact.compare(fact, facts.get(place - 1));
      if (order == 0) return false;
      if (order > 0) break;
      place--;
    }
    facts.add(place, fact);
    boolean ringing = fact.word().isRinging();
    int most = ringing ? RINGING_FACTS : OWN_FACTS;
    if (facts.size() <= most || alike(facts, ringing) <= most) return true;
    int greatest = facts.size() - 1;
    while (facts.get(greatest).word().isRinging() != ringing) greatest--;
    boolean wasFull = truncated;
    truncated = true;
    boolean kept = facts.remove(greatest) != fact;
    return kept || !wasFull;
  }

  private static int alike(List<Fact> facts, boolean ringing) {
    int count = 0;
    for (Fact one : facts) if (one.word().isRinging() == ringing) count++;
    return count;
  }
}
