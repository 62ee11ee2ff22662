package callfold.peers.fold;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/** How a call ended, by the first rule that holds; {@code basis} with the deciding fact first. */
record Verdict(String rule, String outcome, List<Fact> basis) {

  Fact deciding() {
    return basis.get(0);
  }

  List<String> eventIds() {
    LinkedHashSet<String> ids = new LinkedHashSet<>(4);
    for (Fact fact : basis) ids.add(fact.id());
    return List.copyOf(ids);
  }

  static Verdict of(Timeline t, List<Fact> facts, Settings settings) {
    Presence p = t.presence;
    if (p.answer != null && (p.redirect == null || isBefore(p.answer, p.redirect, facts))) {
      List<Fact> basis = new ArrayList<>(3);
      basis.add(p.answer);
      basis.addAll(p.answerProof);
      return new Verdict("contact-and-agent-in", "answered", basis);
    }
    if (p.redirect != null) return by("redirect-before-answer", "voicemail", p.redirect, t.recording);
    Fact missed = t.finalNoAnswers.isEmpty() ? null : missedBy(t, settings);
    Fact gone = p.lastLeave != null ? p.lastLeave : t.end;
    if (missed != null) return by("no-answer-then-end", "missed", missed, gone);
    boolean joined = t.words.contains(Word.CONTACT_JOINED);
    if (joined && p.lastLeave != null && !p.contactIn) {
      return by("contact-left-unanswered", "abandoned", p.lastLeave, p.firstJoin);
    }
    if (joined && t.end != null) return by("ended-with-contact-in", "abandoned", t.end, p.firstJoin);
    if (!joined && gone != null) return by("contact-never-in", "left-before-queue", gone, null);
    return by("silent", "unknown", facts.get(facts.size() - 1), null);
  }

  private static Verdict by(String rule, String outcome, Fact deciding, Fact also) {
    return new Verdict(rule, outcome, also == null ? List.of(deciding) : List.of(deciding, also));
  }

  /** Of equal times the place in the set tells. */
  private static boolean isBefore(Fact a, Fact b, List<Fact> facts) {
    for (Fact fact : facts) {
      if (fact == b) return false;
      if (fact == a) return true;
    }
    return false;
  }

  /** The no-answer that the contact's leave, or an end without one, followed at once. */
  private static Fact missedBy(Timeline t, Settings settings) {
    Presence p = t.presence;
    List<Fact> noAnswers = t.finalNoAnswers;
    if (t.end != null && (p.lastLeave == null || p.contactIn)) return noAnswers.get(noAnswers.size() - 1);
    if (p.lastLeave == null || p.contactIn) return null;
    for (int at = noAnswers.size() - 1; at >= 0; at--) {
      long after = p.lastLeave.at() - noAnswers.get(at).at();
      if (after >= 0 && after <= settings.teardownMs()) return noAnswers.get(at);
    }
    return null;
  }
}
