import type { RawEvent } from '@callfold/core';
import { partitionOf, rawTopic, subjectKey, utf8Bytes } from '@callfold/core';
import type { At, Codec, Outgoing, RawWriter } from '@callfold/engine';

/** A raw record's place and its bytes: all of one subject in one partition, by the Java client's murmur2 of the key. */
export type Message = Omit<Outgoing, 'topic'>;

export type Places = {
  /** Events that are placed one after the other, without waiting in between, come back in that order. */
  of(event: RawEvent): Promise<At>;
};

export function createPlaces(writer: RawWriter): Places {
  const partitions = new Map<string, Promise<number>>();

  /** Asked once a topic; whoever asks meanwhile waits for the same answer, so that order holds. */
  function partitionsOf(topic: string): Promise<number> {
    const known = partitions.get(topic);
    if (known) return known;
    const asked = writer.partitions(topic);
    partitions.set(topic, asked);
    asked.catch(() => partitions.delete(topic));
    return asked;
  }

  return {
    async of(event) {
      const topic = rawTopic(event.source);
      return { topic, partition: partitionOf(event.tenantId, event.subjectId, await partitionsOf(topic)) };
    },
  };
}

export function keyOf({ tenantId, subjectId }: RawEvent): string {
  return subjectKey(tenantId, subjectId);
}

export function messageOf(event: RawEvent, codec: Codec, headers: Message['headers'] = []): Message {
  return { key: utf8Bytes(keyOf(event)), value: codec.encodeRaw(event), headers };
}
