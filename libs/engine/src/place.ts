import type { At } from './ports.ts';

/** A partition as a key and in lists: `topic/partition`. */
export const placeText = ({ topic, partition }: At): string => `${topic}/${partition}`;

/** A partition in a sentence. */
export const placeWords = ({ topic, partition }: At): string => `${topic} partition ${partition}`;
