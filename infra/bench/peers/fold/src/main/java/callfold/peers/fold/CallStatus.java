package callfold.peers.fold;

import java.text.Normalizer;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** What one log line says: its word, and the agent it names. */
public record CallStatus(Word word, String agent, byte agentWas) {
  static final byte NOT_SAID = 0;
  static final byte AVAILABLE = 1;
  static final byte BUSY = 2;
  private static final CallStatus NOTHING_KNOWN = plain(Word.UNKNOWN);
  private static final String CONTACT = "contact";

  private static final Map<String, Word> WHOLE =
      Map.of(
          "registred in callcenter24", Word.REGISTERED,
          "registred in bitrix", Word.CRM_REGISTERED,
          "participant join (contact)", Word.CONTACT_JOINED,
          "participant leave (contact)", Word.CONTACT_LEFT,
          "call ended", Word.ENDED,
          "record added", Word.RECORDED,
          "no-answer", Word.NO_ANSWER,
          "redirect to voice mail", Word.REDIRECTED);

  /** A line that names an agent: the words around the name. */
  private record Template(Word word, String before, String after, boolean tellsAvailability) {}

  private static final Template[] TEMPLATES = {
    new Template(Word.AGENT_REQUESTED, "sending a request to display the call screen - ", "", true),
    new Template(Word.SCREEN_SHOWN, "show call screen - ", "", false),
    new Template(Word.AGENT_JOINED, "participant join (", ")", false),
    new Template(Word.AGENT_LEFT, "participant leave (", ")", false),
  };

  private static CallStatus plain(Word word) {
    return new CallStatus(word, null, NOT_SAID);
  }

  /** Reads log lines and remembers those seen lately: few names make up nearly all of a log. One thread's own. */
  public static final class Reader {
    private static final int ENTRIES = 8_192;
    private final Map<String, CallStatus> memo = new HashMap<>(2 * ENTRIES);

    public CallStatus read(String status) {
      if (status == null) return NOTHING_KNOWN;
      CallStatus known = memo.get(status);
      if (known != null) return known;
      CallStatus meant = parse(trim(status));
      if (memo.size() >= ENTRIES) memo.clear();
      memo.put(status, meant);
      return meant;
    }
  }

  private static CallStatus parse(String status) {
    Word whole = WHOLE.get(alike(status));
    if (whole != null) return plain(whole);
    for (Template template : TEMPLATES) {
      int start = template.before.length();
      int end = status.length() - template.after.length();
      if (end < start || !alike(status.substring(0, start)).equals(template.before)) continue;
      if (alike(status.substring(end)).equals(template.after)) return fill(template, status.substring(start, end));
    }
    return NOTHING_KNOWN;
  }

  private static CallStatus fill(Template template, String text) {
    byte was = NOT_SAID;
    String given = text;
    int open = text.lastIndexOf('(');
    if (template.tellsAvailability && open >= 0 && text.endsWith(")")) {
      String word = trim(text.substring(open + 1, text.length() - 1)).toLowerCase(Locale.ROOT);
      was = word.equals("busy") ? BUSY : word.equals("available") ? AVAILABLE : NOT_SAID;
      if (was != NOT_SAID) given = text.substring(0, open);
    }
    String name = nameOf(given);
    if (name.isEmpty()) return NOTHING_KNOWN;
    if (!name.toLowerCase(Locale.ROOT).equals(CONTACT)) return new CallStatus(template.word, name, was);
    Word own = WHOLE.get(template.before + CONTACT + template.after);
    return own == null ? NOTHING_KNOWN : plain(own);
  }

  /** Case, and which of the three dashes it is, is no matter. */
  private static String alike(String text) {
    return text.toLowerCase(Locale.ROOT).replace('\u2013', '-').replace('\u2014', '-');
  }

  private static String nameOf(String text) {
    String name = withoutBrackets(trim(Normalizer.normalize(text, Normalizer.Form.NFC)));
    StringBuilder single = new StringBuilder(name.length());
    for (int at = 0; at < name.length(); at++) {
      char letter = name.charAt(at);
      if (!isSpace(letter)) single.append(letter);
      else if (at == 0 || !isSpace(name.charAt(at - 1))) single.append(' ');
    }
    return single.toString();
  }

  private static String withoutBrackets(String name) {
    if (!name.startsWith("[") || !name.endsWith("]")) return name;
    int depth = 0;
    for (int at = 0; at < name.length() - 1; at++) {
      if (name.charAt(at) == '[') depth++;
      else if (name.charAt(at) == ']' && --depth == 0) return name;
    }
    return depth == 1 ? trim(name.substring(1, name.length() - 1)) : name;
  }

  private static String trim(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isSpace(text.charAt(from))) from++;
    while (to > from && isSpace(text.charAt(to - 1))) to--;
    return text.substring(from, to);
  }

  /** White space as ECMAScript has it: no-break spaces and the byte order mark too. */
  private static boolean isSpace(char letter) {
    if (letter <= ' ') return letter == ' ' || (letter >= '\t' && letter <= '\r');
    if (letter == '\u2028' || letter == '\u2029' || letter == '\uFEFF') return true;
    return letter >= '\u00A0' && Character.getType(letter) == Character.SPACE_SEPARATOR;
  }
}
