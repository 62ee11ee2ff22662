package callfold.peers.fold;

import callfold.peers.fold.CallState.Attribute;
import java.util.ArrayList;

/** What upstreams attached: by name the value of the earliest event that has it, ties to the smaller text. */
final class Attributes {
  private static final int MOST = 16;
  private static final int CHARACTERS = 256;

  private Attributes() {}

  /** @return whether anything changed */
  static boolean merge(CallState state, RawEvent event) {
    boolean changed = false;
    for (int pair = 0; pair < event.attributes; pair++) {
      String name = cut(event.pairs[2 * pair]);
      String value = cut(event.pairs[2 * pair + 1]);
      boolean isCut = name.length() != event.pairs[2 * pair].length() || value.length() != event.pairs[2 * pair + 1].length();
      if (isCut && !state.truncated) {
        state.truncated = true;
        changed = true;
      }
      changed |= put(state, name, event.occurredAt, value);
    }
    return changed;
  }

  private static boolean put(CallState state, String name, long at, String value) {
    ArrayList<Attribute> all = state.attributes;
    for (int index = 0; index < all.size(); index++) {
      Attribute known = all.get(index);
      if (!known.name().equals(name)) continue;
      if (known.at() < at || (known.at() == at && known.value().compareTo(value) <= 0)) return false;
      all.remove(index);
      break;
    }
    Attribute candidate = new Attribute(name, at, value);
    int place = 0;
    while (place < all.size() && !isBefore(candidate, all.get(place))) place++;
    all.add(place, candidate);
    if (all.size() <= MOST) return true;
    boolean wasFull = state.truncated;
    state.truncated = true;
    return all.remove(MOST) != candidate || !wasFull;
  }

  private static boolean isBefore(Attribute a, Attribute b) {
    return a.at() < b.at() || (a.at() == b.at() && a.name().compareTo(b.name()) < 0);
  }

  private static String cut(String text) {
    if (text.length() <= CHARACTERS) return text;
    return text.substring(0, Character.isHighSurrogate(text.charAt(CHARACTERS - 1)) ? CHARACTERS - 1 : CHARACTERS);
  }
}
