// Our outcomes with one output less: call-outcomes alone, as the peers give them. Not a role of the product: the same
// engine and ports, where the offers are still derived and counted, but neither encoded nor kept nor sent.
import { AGENT_OFFERS } from '@callfold/core';

const NOTHING = new Uint8Array();

/** @param site of a service; only its ports are answered */
export function onlyCallOutcomes(site) {
  return {
    ports(role, observer) {
      const ports = site.ports(role, observer);
      const { codec, publisher } = ports;
      return {
        ...ports,
        codec: {
          ...codec,
          encode: (topic, record) => (topic === AGENT_OFFERS ? NOTHING : codec.encode(topic, record)),
        },
        publisher: {
          fence: (origin, topics) => publisher.fence(origin, topics),
          readBack: (topic, partition, offset) => publisher.readBack(topic, partition, offset),
          bounds: (topic, partition) => publisher.bounds(topic, partition),
          partitions: (topic) => publisher.partitions(topic),
          async send(origin, records) {
            const kept = records.filter(({ topic }) => topic !== AGENT_OFFERS);
            return kept.length === 0 ? new Map() : publisher.send(origin, kept);
          },
        },
      };
    },
  };
}
