package callfold.peers.fold;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/** The offers of one call while its facts pass in order. */
final class Offers {
  enum Result {
    UNKNOWN,
    ANSWERED,
    MISSED,
    RESCINDED
  }

  /** One offer of the call to one agent. */
  static final class Offer {
    final String agent;
    /** Null when only screens were seen. */
    final Fact request;
    Fact shown;
    Result result = Result.UNKNOWN;
    long closedAt = CallState.NONE;

    Offer(String agent, Fact request) {
      this.agent = agent;
      this.request = request;
    }

    boolean isOpen() {
      return closedAt == CallState.NONE;
    }

    boolean isRinging() {
      return isOpen() && shown != null;
    }

    void close(Result as, long at) {
      result = as;
      closedAt = at;
    }
  }

  private final long missedOfferMs;
  final ArrayList<Offer> all = new ArrayList<>(2);
  private final Map<String, Offer> latest = new HashMap<>(4);
  private final Map<String, Fact> joined = new HashMap<>(4);
  private Fact redirected;

  Offers(long missedOfferMs) {
    this.missedOfferMs = missedOfferMs;
  }

  /** Screens open at an instant, those that were open too long left out. */
  boolean ringingAt(long at) {
    for (Offer offer : all) if (offer.isRinging() && offer.shown.at() + missedOfferMs > at) return true;
    return false;
  }

  int missed() {
    int count = 0;
    for (Offer offer : all) if (offer.result == Result.MISSED) count++;
    return count;
  }

  void pass(Fact fact, boolean joinCounts) {
    expire(fact);
    String agent = fact.agent();
    switch (fact.word()) {
      case AGENT_REQUESTED -> request(agent, fact);
      case SCREEN_SHOWN -> show(agent, fact);
      case AGENT_JOINED -> {
        if (joinCounts) join(agent, fact);
      }
      case AGENT_LEFT -> joined.remove(agent);
      case NO_ANSWER -> noAnswer(fact);
      case REDIRECTED -> redirect(fact);
      case CONTACT_LEFT, ENDED -> closeOpen(Result.RESCINDED, fact, offer -> true);
      default -> {}
    }
  }

  private Offer add(String agent, Fact fact, Fact request) {
    Offer offer = new Offer(agent, request);
    all.add(offer);
    latest.put(agent, offer);
    Fact join = joined.get(agent);
    if (join != null) offer.close(Result.ANSWERED, join.at());
    else if (redirected != null) offer.close(Result.RESCINDED, fact.at());
    return offer;
  }

  private void expire(Fact fact) {
    for (Offer offer : all) {
      if (!offer.isRinging()) continue;
      long until = offer.shown.at() + missedOfferMs;
      if (until <= fact.at()) offer.close(Result.MISSED, until);
    }
  }

  private void closeOpen(Result result, Fact fact, Predicate<Offer> only) {
    for (Offer offer : all) if (offer.isOpen() && only.test(offer)) offer.close(result, fact.at());
  }

  private void request(String agent, Fact fact) {
    Offer before = latest.get(agent);
    if (before != null && before.isRinging()) before.close(Result.MISSED, fact.at());
    add(agent, fact, fact);
  }

  private void show(String agent, Fact fact) {
    Offer known = latest.get(agent);
    Offer offer = known != null ? known : add(agent, fact, null);
    if (offer.shown == null) offer.shown = fact;
  }

  private void join(String agent, Fact fact) {
    joined.putIfAbsent(agent, fact);
    Offer offer = latest.get(agent);
    if (offer != null && offer.result != Result.ANSWERED) offer.close(Result.ANSWERED, fact.at());
    closeOpen(Result.RESCINDED, fact, one -> !one.agent.equals(agent));
  }

  private void noAnswer(Fact fact) {
    Offer ringing = null;
    for (Offer offer : all) {
      if (!offer.isRinging()) continue;
      if (ringing != null) return;
      ringing = offer;
    }
    if (ringing != null) ringing.close(Result.MISSED, fact.at());
  }

  private void redirect(Fact fact) {
    if (redirected == null) redirected = fact;
    closeOpen(Result.MISSED, fact, Offer::isRinging);
    closeOpen(Result.RESCINDED, fact, offer -> true);
  }
}
