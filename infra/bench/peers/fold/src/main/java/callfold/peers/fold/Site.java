package callfold.peers.fold;

import java.io.Serializable;
import java.util.Properties;

/** What a peer is told by its command line, {@code name=value} each, and what every engine needs of it. */
public final class Site implements Serializable {
  public static final String RAW = "callfold.raw.callcenter24";
  public static final String OUTCOMES = "callfold.call-outcomes";
  private final Properties options = new Properties();

  public Site(String[] args) {
    for (String arg : args) {
      int equals = arg.indexOf('=');
      if (equals < 0) throw new IllegalArgumentException(arg + " is not name=value");
      options.setProperty(arg.substring(0, equals), arg.substring(equals + 1));
    }
  }

  /** @throws IllegalArgumentException when it was not told */
  public String get(String name) {
    String value = options.getProperty(name);
    if (value == null) throw new IllegalArgumentException(name + "= is missing");
    return value;
  }

  public int number(String name) {
    return Integer.parseInt(get(name));
  }

  public Settings settings() {
    return Settings.withSettle(number("settleMs"));
  }

  public RawReader reader() {
    return new RawReader(new Registry(get("registry")));
  }

  /** The fold, once the derived topic's schema is known to be the one that it writes. */
  public CallFold fold() {
    Registry.Registered derived = new Registry(get("registry")).latest(OUTCOMES + "-value");
    OutcomeWriter.check(derived.schema());
    return new CallFold(settings(), derived.id());
  }
}
