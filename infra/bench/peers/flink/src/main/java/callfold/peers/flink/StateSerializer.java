package callfold.peers.flink;

import callfold.peers.fold.CallState;
import callfold.peers.fold.StateCodec;
import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** A call's state by its own compact codec. */
public final class StateSerializer extends TypeSerializer<CallState> {
  private transient StateCodec codec;

  private StateCodec codec() {
    if (codec == null) codec = new StateCodec();
    return codec;
  }

  @Override
  public void serialize(CallState state, DataOutputView out) throws IOException {
    byte[] bytes = codec().encode(state);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  @Override
  public CallState deserialize(DataInputView in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    return codec().decode(bytes);
  }

  @Override
  public CallState copy(CallState from) {
    return from.copy();
  }

  @Override
  public CallState copy(CallState from, CallState reuse) {
    return from.copy();
  }

  @Override
  public CallState deserialize(CallState reuse, DataInputView in) throws IOException {
    return deserialize(in);
  }

  @Override
  public void copy(DataInputView in, DataOutputView out) throws IOException {
    int length = in.readInt();
    out.writeInt(length);
    out.write(in, length);
  }

  @Override
  public boolean isImmutableType() {
    return false;
  }

  @Override
  public TypeSerializer<CallState> duplicate() {
    return new StateSerializer();
  }

  @Override
  public CallState createInstance() {
    return new CallState();
  }

  @Override
  public int getLength() {
    return -1;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StateSerializer;
  }

  @Override
  public int hashCode() {
    return StateSerializer.class.hashCode();
  }

  @Override
  public TypeSerializerSnapshot<CallState> snapshotConfiguration() {
    return new Snapshot();
  }

  /** Of a serializer that has nothing to remember. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<CallState> {
    public Snapshot() {
      super(StateSerializer::new);
    }
  }
}
