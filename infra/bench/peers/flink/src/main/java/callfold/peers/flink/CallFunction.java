package callfold.peers.flink;

import callfold.peers.fold.CallFold;
import callfold.peers.fold.CallState;
import callfold.peers.fold.Count;
import callfold.peers.fold.RawEvent;
import callfold.peers.fold.RawReader;
import callfold.peers.fold.Site;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * One call's state and its timer in event time, which is the log's append time. The watermark follows behind, so a
 * record first fires what was due of its own call at or before it.
 */
final class CallFunction extends KeyedProcessFunction<String, Message, CallFold.Derived> {
  private final Site site;
  private transient RawReader reader;
  private transient CallFold fold;
  private transient ValueState<CallState> call;

  CallFunction(Site site) {
    this.site = site;
  }

  @Override
  public void open(OpenContext context) {
    reader = site.reader();
    fold = site.fold();
    call = getRuntimeContext().getState(new ValueStateDescriptor<>("call", new StateSerializer()));
  }

  @Override
  public void processElement(Message message, Context context, Collector<CallFold.Derived> out) throws Exception {
    Count.one();
    RawEvent event = reader.read(message.value(), message.loggedAt());
    if (event == null) return;
    CallState state = call.value();
    boolean fired = false;
    while (state != null && state.hasTimer() && state.timer() <= message.loggedAt()) {
      state = fire(state, state.timer(), out) ? state : null;
      fired = true;
    }
    if (state == null) state = new CallState();
    long before = state.timer();
    boolean changed = fold.event(state, event, message.loggedAt()) == CallFold.Change.STATE;
    if (!changed && !fired) return;
    keep(state, fired ? Long.MIN_VALUE : before, context, out);
  }

  @Override
  public void onTimer(long due, OnTimerContext context, Collector<CallFold.Derived> out) throws Exception {
    CallState state = call.value();
    if (state == null || state.timer() != due) return;
    if (fire(state, due, out)) keep(state, due, context, out);
    else call.clear();
  }

  private boolean fire(CallState state, long due, Collector<CallFold.Derived> out) {
    boolean stays = fold.fire(state, due);
    collect(out);
    return stays;
  }

  private void keep(CallState state, long timerBefore, Context context, Collector<CallFold.Derived> out)
      throws Exception {
    call.update(state);
    if (state.hasTimer() && state.timer() != timerBefore) {
      context.timerService().registerEventTimeTimer(state.timer());
    }
    collect(out);
  }

  private void collect(Collector<CallFold.Derived> out) {
    CallFold.Derived derived = fold.taken();
    if (derived != null) out.collect(derived);
  }
}
