package callfold.peers.fold;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who is in a call, while its facts pass in order. Somebody whose first event is a leave was in from the beginning, but
 * not where that leave stands after the redirect.
 */
final class Presence {
  /** One stay of an agent in a call. */
  static final class Stay {
    final String agent;
    final Fact joined;
    Fact left;

    Stay(String agent, Fact joined, Fact left) {
      this.agent = agent;
      this.joined = joined;
      this.left = left;
    }
  }

  /** Contact and an agent together, as pairs of from and to; an open end is NONE. */
  final ArrayList<long[]> talks = new ArrayList<>(2);
  final ArrayList<Stay> stays = new ArrayList<>(2);
  /** In the order in which they came in. */
  private final Map<String, Stay> active = new LinkedHashMap<>(4);
  private final Map<String, Stay> barred = new LinkedHashMap<>(2);
  private final Map<String, Stay> last = new LinkedHashMap<>(4);
  private final Map<String, Fact> fromStart = new LinkedHashMap<>(2);
  private final Set<String> withContact = new LinkedHashSet<>(4);
  private Fact contactProof;
  boolean contactIn;
  Fact answer;
  final List<Fact> answerProof = new ArrayList<>(2);
  Fact firstJoin;
  Fact lastLeave;
  Fact lastAgentLeave;
  Fact redirect;
  boolean secondAgentJoined;
  boolean contactLeftWithoutJoin;
  boolean agentLeftWithoutJoin;
  boolean joinedAfterContactLeft;
  boolean joinedAfterRedirect;

  Presence(List<Fact> facts) {
    contactProof = unseenContact(facts);
    contactIn = contactLeftWithoutJoin = contactProof != null;
    unseenJoins(facts);
    agentLeftWithoutJoin = !fromStart.isEmpty();
    for (String agent : fromStart.keySet()) {
      Stay stay = new Stay(agent, null, null);
      stays.add(stay);
      active.put(agent, stay);
      last.put(agent, stay);
    }
    if (!facts.isEmpty()) noteTogether(facts.get(0));
  }

  private static Fact unseenContact(List<Fact> facts) {
    for (Fact fact : facts) {
      if (fact.word() == Word.CONTACT_LEFT) return fact;
      if (fact.word() == Word.CONTACT_JOINED || fact.word() == Word.REDIRECTED) return null;
    }
    return null;
  }

  private void unseenJoins(List<Fact> facts) {
    Set<String> seen = new LinkedHashSet<>(4);
    for (Fact fact : facts) {
      if (fact.word() == Word.REDIRECTED) return;
      boolean tells = fact.word() == Word.AGENT_JOINED || fact.word() == Word.AGENT_LEFT;
      if (!tells || fact.agent() == null || !seen.add(fact.agent())) continue;
      if (fact.word() == Word.AGENT_LEFT) fromStart.put(fact.agent(), fact);
    }
  }

  void pass(Fact fact) {
    switch (fact.word()) {
      case CONTACT_JOINED -> {
        if (firstJoin == null) firstJoin = fact;
        if (!contactIn) contactProof = fact;
        contactIn = true;
      }
      case CONTACT_LEFT -> {
        lastLeave = fact;
        contactIn = false;
      }
      case REDIRECTED -> redirect = redirect == null ? fact : redirect;
      case AGENT_JOINED -> join(fact.agent(), fact);
      case AGENT_LEFT -> leave(fact.agent(), fact);
      default -> {}
    }
    noteTogether(fact);
  }

  private void join(String agent, Fact fact) {
    if (agent == null || active.containsKey(agent) || barred.containsKey(agent)) return;
    Stay stay = new Stay(agent, fact, null);
    stays.add(stay);
    last.put(agent, stay);
    if (redirect != null) {
      joinedAfterRedirect = true;
      barred.put(agent, stay);
      return;
    }
    if (!contactIn && lastLeave != null) joinedAfterContactLeft = true;
    active.put(agent, stay);
    lastAgentLeave = null;
    int others = withContact.size() - (withContact.contains(agent) ? 1 : 0);
    if (others > 0 && contactIn) secondAgentJoined = true;
  }

  private void leave(String agent, Fact fact) {
    if (agent == null) return;
    Stay stay = active.containsKey(agent) ? active.get(agent) : barred.get(agent);
    if (stay != null) stay.left = fact;
    else noteStrayLeave(agent, fact);
    barred.remove(agent);
    if (active.remove(agent) != null && active.isEmpty()) lastAgentLeave = fact;
  }

  /** A leave of somebody who was not in; the same one twice at one instant says nothing new. */
  private void noteStrayLeave(String agent, Fact fact) {
    Stay before = last.get(agent);
    if (before != null && before.left != null && before.left.at() == fact.at()) return;
    agentLeftWithoutJoin = true;
    if (before != null) return;
    Stay stay = new Stay(agent, null, fact);
    stays.add(stay);
    last.put(agent, stay);
  }

  private void noteTogether(Fact fact) {
    boolean together = contactIn && !active.isEmpty();
    long[] talk = talks.isEmpty() ? null : talks.get(talks.size() - 1);
    boolean talking = talk != null && talk[1] == CallState.NONE;
    if (together) {
      if (answer == null) {
        answer = fact;
        proveAnswer();
      }
      withContact.addAll(active.keySet());
    }
    if (together && !talking) talks.add(new long[] {fact.at(), CallState.NONE});
    if (!together && talking) talk[1] = fact.at();
  }

  private void proveAnswer() {
    if (contactProof != null) answerProof.add(contactProof);
    Stay first = active.values().iterator().next();
    Fact proof = first.joined != null ? first.joined : fromStart.get(first.agent);
    if (proof != null) answerProof.add(proof);
  }
}
