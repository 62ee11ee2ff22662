package callfold.peers.fold;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/** What the facts of one call say, read once in their order. Nothing is judged here. */
final class Timeline {
  final Presence presence;
  final Offers offers;
  Fact end;
  /** The first recording after the redirect. */
  Fact recording;
  final EnumSet<Word> words = EnumSet.noneOf(Word.class);
  /** No-answers after which no agent was asked or shown the call again. */
  final ArrayList<Fact> finalNoAnswers = new ArrayList<>(0);
  final boolean transferPending;
  final boolean ringingAtExit;

  Timeline(List<Fact> facts, Settings settings) {
    presence = new Presence(facts);
    offers = new Offers(settings.missedOfferMs());
    Boolean ringing = null;
    for (Fact fact : facts) {
      Word word = fact.word();
      boolean exits = word == Word.CONTACT_LEFT || (word == Word.ENDED && presence.contactIn);
      if (exits) ringing = ringing == null ? Boolean.valueOf(offers.ringingAt(fact.at())) : ringing;
      else if (word == Word.CONTACT_JOINED) ringing = null;
      words.add(word);
      boolean countsAsJoin = presence.redirect == null;
      presence.pass(fact);
      offers.pass(fact, countsAsJoin);
      if (word == Word.ENDED) end = fact;
      else if (word == Word.NO_ANSWER) finalNoAnswers.add(fact);
      else if (word == Word.RECORDED && presence.redirect != null && recording == null) recording = fact;
      else if (word == Word.AGENT_REQUESTED || word == Word.SCREEN_SHOWN) finalNoAnswers.clear();
    }
    ringingAtExit = ringing != null && ringing;
    transferPending = isTransferPending();
  }

  private boolean isTransferPending() {
    Fact answer = presence.answer;
    Fact gone = presence.lastAgentLeave;
    if (answer == null || gone == null || presence.redirect != null) return false;
    for (Offers.Offer offer : offers.all) {
      Fact asked = offer.request != null ? offer.request : offer.shown;
      boolean wasOpen = offer.isOpen() || offer.closedAt > gone.at();
      if (asked != null && asked.at() >= answer.at() && offer.result != Offers.Result.ANSWERED && wasOpen) return true;
    }
    return false;
  }

  Long exitAt() {
    if (presence.lastLeave != null && !presence.contactIn) return presence.lastLeave.at();
    return end == null ? null : end.at();
  }

  Long endedAt() {
    if (end != null) return end.at();
    if (!presence.contactIn && presence.lastLeave != null) return presence.lastLeave.at();
    return presence.redirect == null ? null : presence.redirect.at();
  }
}
