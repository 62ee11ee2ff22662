package callfold.peers.flink;

import java.util.function.Supplier;
import java.io.Serializable;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** A type with a serializer of our own, so that Flink reflects on nothing. */
final class OwnType<T> extends TypeInformation<T> {
  /** Makes a serializer; travels with the job. */
  interface Maker<T> extends Supplier<TypeSerializer<T>>, Serializable {}

  private final Class<T> type;
  private final Maker<T> maker;

  OwnType(Class<T> type, Maker<T> maker) {
    this.type = type;
    this.maker = maker;
  }

  @Override
  public TypeSerializer<T> createSerializer(SerializerConfig config) {
    return maker.get();
  }

  @Override
  public Class<T> getTypeClass() {
    return type;
  }

  @Override
  public boolean isBasicType() {
    return false;
  }

  @Override
  public boolean isTupleType() {
    return false;
  }

  @Override
  public int getArity() {
    return 1;
  }

  @Override
  public int getTotalFields() {
    return 1;
  }

  @Override
  public boolean isKeyType() {
    return false;
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof OwnType<?>;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof OwnType<?> own && own.type == type;
  }

  @Override
  public int hashCode() {
    return type.hashCode();
  }

  @Override
  public String toString() {
    return type.getSimpleName();
  }
}
