package callfold.peers.flink;

import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import java.io.IOException;

/** A raw record on its way to the task of its key; decoded there, so that it is not encoded again for the way. */
record Message(byte[] key, byte[] value, long loggedAt) {

  /** Its bytes as they are. */
  static final class Serializer extends TypeSerializerSingleton<Message> {
    static final Serializer INSTANCE = new Serializer();

    @Override
    public void serialize(Message message, DataOutputView out) throws IOException {
      out.writeLong(message.loggedAt);
      write(message.key, out);
      write(message.value, out);
    }

    @Override
    public Message deserialize(DataInputView in) throws IOException {
      long loggedAt = in.readLong();
      byte[] key = read(in);
      return new Message(key, read(in), loggedAt);
    }

    private static void write(byte[] bytes, DataOutputView out) throws IOException {
      out.writeInt(bytes == null ? -1 : bytes.length);
      if (bytes != null) out.write(bytes);
    }

    private static byte[] read(DataInputView in) throws IOException {
      int length = in.readInt();
      if (length < 0) return null;
      byte[] bytes = new byte[length];
      in.readFully(bytes);
      return bytes;
    }

    @Override
    public boolean isImmutableType() {
      return true;
    }

    @Override
    public Message createInstance() {
      return new Message(null, null, 0);
    }

    @Override
    public Message copy(Message from) {
      return from;
    }

    @Override
    public Message copy(Message from, Message reuse) {
      return from;
    }

    @Override
    public int getLength() {
      return -1;
    }

    @Override
    public Message deserialize(Message reuse, DataInputView in) throws IOException {
      return deserialize(in);
    }

    @Override
    public void copy(DataInputView in, DataOutputView out) throws IOException {
      serialize(deserialize(in), out);
    }

    @Override
    public TypeSerializerSnapshot<Message> snapshotConfiguration() {
      return new Snapshot();
    }
  }

  /** Of a serializer that has nothing to remember. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<Message> {
    public Snapshot() {
      super(() -> Serializer.INSTANCE);
    }
  }

}
