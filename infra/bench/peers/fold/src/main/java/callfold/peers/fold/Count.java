package callfold.peers.fold;

import java.util.concurrent.atomic.LongAdder;

/**
 * How many raw records this process has folded, told to who measures on standard output, fifty times a second, beside
 * the work and not in its way.
 */
public final class Count {
  private static final LongAdder FOLDED = new LongAdder();
  private static final long EVERY_MS = 20;

  private Count() {}

  public static void one() {
    FOLDED.increment();
  }

  /** Ends with standard input: who measures has gone, or has seen enough. */
  public static void tell(Runnable stop) {
    Thread teller = new Thread(Count::tellForEver, "count");
    teller.setDaemon(true);
    teller.start();
    Thread listener = new Thread(() -> stopAtEnd(stop), "standard-input");
    listener.setDaemon(true);
    listener.start();
  }

  private static void tellForEver() {
    long told = -1;
    while (true) {
      long now = FOLDED.sum();
      if (now != told) System.out.println("folded " + now);
      told = now;
      try {
        Thread.sleep(EVERY_MS);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private static void stopAtEnd(Runnable stop) {
    try {
      while (System.in.read() >= 0) {
        // Nothing is said there; only its end counts.
      }
    } catch (java.io.IOException e) {
      System.err.println("standard input: " + e.getMessage());
    }
    stop.run();
  }
}
