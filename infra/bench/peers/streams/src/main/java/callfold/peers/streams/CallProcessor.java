package callfold.peers.streams;

import callfold.peers.fold.CallFold;
import callfold.peers.fold.CallState;
import callfold.peers.fold.Count;
import callfold.peers.fold.RawEvent;
import callfold.peers.fold.RawReader;
import callfold.peers.fold.Site;
import callfold.peers.fold.StateCodec;
import java.util.PriorityQueue;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * One partition's calls. Timers are due in stream time and must fire before the first record at or past them, which a
 * punctuation cannot promise: they wait in a heap, made anew from the states when the task starts.
 */
final class CallProcessor implements Processor<byte[], byte[], byte[], Placed> {
  static final String STORE = "calls";

  private record Timer(long due, Bytes key) implements Comparable<Timer> {
    @Override
    public int compareTo(Timer other) {
      return due != other.due ? Long.compare(due, other.due) : key.compareTo(other.key);
    }
  }

  private final Site site;
  private final StateCodec codec = new StateCodec();
  private final PriorityQueue<Timer> timers = new PriorityQueue<>(1_024);
  private ProcessorContext<byte[], Placed> context;
  private KeyValueStore<Bytes, byte[]> calls;
  private RawReader reader;
  private CallFold fold;
  private long clock;

  CallProcessor(Site site) {
    this.site = site;
  }

  @Override
  public void init(ProcessorContext<byte[], Placed> given) {
    context = given;
    calls = given.getStateStore(STORE);
    reader = site.reader();
    fold = site.fold();
    try (KeyValueIterator<Bytes, byte[]> all = calls.all()) {
      while (all.hasNext()) {
        KeyValue<Bytes, byte[]> one = all.next();
        CallState state = codec.decode(one.value);
        if (state.hasTimer()) timers.add(new Timer(state.timer(), one.key));
      }
    }
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    Count.one();
    long loggedAt = record.timestamp();
    clock = Math.max(clock, loggedAt);
    fireUpTo(clock);
    if (record.value() == null) return;
    RawEvent event = reader.read(record.value(), loggedAt);
    if (event == null) return;
    Bytes key = Bytes.wrap(record.key());
    byte[] stored = calls.get(key);
    CallState state = stored == null ? new CallState() : codec.decode(stored);
    long before = state.timer();
    if (fold.event(state, event, loggedAt) == CallFold.Change.NOTHING) return;
    put(key, state, before);
  }

  private void fireUpTo(long now) {
    for (Timer timer = timers.peek(); timer != null && timer.due <= now; timer = timers.peek()) {
      timers.poll();
      byte[] stored = calls.get(timer.key);
      CallState state = stored == null ? null : codec.decode(stored);
      if (state == null || state.timer() != timer.due) continue;
      if (fold.fire(state, timer.due)) put(timer.key, state, timer.due);
      else calls.delete(timer.key);
    }
  }

  private void put(Bytes key, CallState state, long timerBefore) {
    calls.put(key, codec.encode(state));
    if (state.hasTimer() && state.timer() != timerBefore) timers.add(new Timer(state.timer(), key));
    CallFold.Derived derived = fold.taken();
    if (derived == null) return;
    Placed placed = new Placed(derived.value(), context.taskId().partition());
    context.forward(new Record<>(derived.key(), placed, clock));
  }
}
