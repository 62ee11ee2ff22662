// The topics that benchmarks fill and read.
import { rawTopic } from '@callfold/core';

export const TOPIC = rawTopic('callcenter24');
export const OUTCOMES_TOPIC = 'callfold.call-outcomes';
