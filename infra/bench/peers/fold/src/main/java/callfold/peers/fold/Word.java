package callfold.peers.fold;

/** The words of a call's log lines, in the order in which they rank at one instant. */
public enum Word {
  REGISTERED,
  CRM_REGISTERED,
  CONTACT_JOINED,
  AGENT_REQUESTED,
  SCREEN_SHOWN,
  REDIRECTED,
  AGENT_JOINED,
  NO_ANSWER,
  AGENT_LEFT,
  CONTACT_LEFT,
  ENDED,
  RECORDED,
  UNKNOWN;

  private static final Word[] ALL = values();

  static Word of(int ordinal) {
    return ALL[ordinal];
  }

  /** What is about ringing; who is in and how it ends has room of its own in a state. */
  boolean isRinging() {
    return this == AGENT_REQUESTED || this == SCREEN_SHOWN || this == NO_ANSWER || this == UNKNOWN;
  }
}
