import type { EngineEvent, Observer } from '@callfold/engine';
import type { Logger } from './log.ts';
import { redactText } from './log.ts';

const LEVELS: Readonly<Record<EngineEvent['name'], 'debug' | 'info' | 'warn' | 'error'>> = {
  'partition-claimed': 'info',
  'partition-released': 'info',
  'partition-refused': 'error',
  'partition-fenced': 'warn',
  'partition-moved': 'warn',
  'partition-stalled': 'error',
  'partition-moving': 'info',
  'infrastructure-away': 'warn',
  'infrastructure-back': 'info',
  'batch-committed': 'debug',
  'subject-erased': 'info',
  'record-rejected': 'warn',
  'unknown-word': 'debug',
  'records-sent': 'debug',
  'recovery-ended': 'info',
  'derived-lost': 'error',
  'requests-taken': 'info',
  ticked: 'debug',
};

/** Of attempts at what is away the first is a warning, and then about one a minute. */
const SAY_EVERY_ATTEMPTS = 20;

function levelOf(event: EngineEvent): (typeof LEVELS)[EngineEvent['name']] {
  const isRepeat = event.name === 'infrastructure-away' && event.attempt !== 1;
  return isRepeat && event.attempt % SAY_EVERY_ATTEMPTS !== 0 ? 'debug' : LEVELS[event.name];
}

/** The engine's events as log lines: `event` is a stable name, and reasons lose what looks like a number or an id. */
export function logObserver(logger: Logger): Observer {
  return (event) => {
    const { name, at, ...rest } = event;
    const fields: Record<string, unknown> = { event: name, topic: at.topic, partition: at.partition, ...rest };
    // A reason quotes the input, which may hold a person's name.
    delete fields['reason'];
    if (typeof fields['message'] === 'string') fields['message'] = redactText(fields['message']);
    logger[levelOf(event)](fields, name);
  };
}

export function bothObservers(...observers: readonly Observer[]): Observer {
  return (event) => {
    for (const observer of observers) observer(event);
  };
}
