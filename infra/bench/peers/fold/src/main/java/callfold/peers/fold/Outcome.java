package callfold.peers.fold;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What became of one call; null where a value is not known. Times in epoch ms. Written by {@link OutcomeWriter}. */
final class Outcome {
  private static final long SAME_MOMENT_MS = 1_000;
  final CallState state;
  final Timeline timeline;
  final Verdict verdict;
  final boolean answered;
  final boolean abandoned;
  final String hungUpBy;
  final String reason;
  final String rawStatus;
  final boolean inferred;
  final Long endedAt;
  final Long waitMs;
  final Long talkMs;
  final List<String> anomalies;

  Outcome(CallState state, Settings settings) {
    this.state = state;
    timeline = new Timeline(state.facts, settings);
    verdict = Verdict.of(timeline, state.facts, settings);
    boolean isOver = state.isOver();
    answered = is("answered");
    abandoned = is("abandoned");
    endedAt = timeline.endedAt();
    hungUpBy = answered ? hungUpBy(isOver) : null;
    reason = reasonOf();
    rawStatus = (isOver ? verdict.deciding() : state.facts.get(state.facts.size() - 1)).status();
    inferred = state.silent && !isOver;
    waitMs = waitOf();
    talkMs = talkOf();
    anomalies = anomaliesOf();
  }

  boolean is(String outcome) {
    return verdict.outcome().equals(outcome);
  }

  /** The agents were gone, another one was asked, and the contact left while waiting for that one. */
  boolean wasAbandonedInTransfer() {
    Long exit = timeline.exitAt();
    Fact gone = timeline.presence.lastAgentLeave;
    return timeline.transferPending && exit != null && gone != null && exit - gone.at() >= SAME_MOMENT_MS;
  }

  private String hungUpBy(boolean isOver) {
    Presence p = timeline.presence;
    Fact contact = p.contactIn ? null : p.lastLeave;
    Fact agent = p.lastAgentLeave;
    if (!isOver || (contact == null && agent == null)) return "unknown";
    if (wasAbandonedInTransfer()) return contact != null ? "contact" : "unknown";
    if (agent == null) return "contact";
    if (contact == null) return "agent";
    if (Math.abs(contact.at() - agent.at()) < SAME_MOMENT_MS) return "unknown";
    return contact.at() < agent.at() ? "contact" : "agent";
  }

  private String reasonOf() {
    return switch (verdict.outcome()) {
      case "answered" -> hungUpBy.equals("contact")
          ? "customer-ended"
          : hungUpBy.equals("agent") ? "agent-ended" : timeline.end != null ? "call-ended" : "unknown";
      case "abandoned" -> verdict.rule().equals("contact-left-unanswered") ? "customer-ended" : "call-ended";
      case "missed" -> "no-answer";
      case "voicemail" -> "voicemail";
      case "left-before-queue" -> "never-queued";
      default -> "unknown";
    };
  }

  private Long waitOf() {
    Presence p = timeline.presence;
    if (p.firstJoin == null) return null;
    Long until;
    if (answered) until = verdict.deciding().at();
    else until = p.redirect != null ? Long.valueOf(p.redirect.at()) : timeline.exitAt();
    return until == null ? null : Long.valueOf(Math.max(0, until - p.firstJoin.at()));
  }

  private Long talkOf() {
    if (is("unknown")) return null;
    if (!answered) return 0L;
    long sum = 0;
    for (long[] talk : timeline.presence.talks) {
      if (talk[1] == CallState.NONE && endedAt == null) return null;
      long until = talk[1] == CallState.NONE ? endedAt : talk[1];
      sum += Math.max(0, until - talk[0]);
    }
    return sum;
  }

  private List<String> anomaliesOf() {
    Presence p = timeline.presence;
    boolean voicemail = is("voicemail");
    boolean ended = timeline.end != null || voicemail;
    Set<Word> words = timeline.words;
    List<String> found = new ArrayList<>(0);
    if (words.contains(Word.UNKNOWN)) found.add("unknown-status");
    if (p.contactLeftWithoutJoin) found.add("contact-join-missing");
    if (timeline.end != null && p.contactIn && !voicemail) found.add("contact-leave-missing");
    if (p.joinedAfterContactLeft) found.add("agent-joined-after-contact-left");
    if (p.joinedAfterRedirect) found.add("agent-joined-after-redirect");
    if (p.agentLeftWithoutJoin) found.add("agent-leave-without-join");
    boolean crmMissing = words.contains(Word.REGISTERED) && !words.contains(Word.CRM_REGISTERED) && ended;
    if (crmMissing) found.add("crm-registration-missing");
    if (hasReusedId()) found.add("event-id-reused");
    if (state.truncated) found.add("truncated");
    return found;
  }

  private boolean hasReusedId() {
    Set<String> ids = new HashSet<>(2 * state.facts.size());
    for (Fact fact : state.facts) if (!ids.add(fact.id())) return true;
    return false;
  }
}
