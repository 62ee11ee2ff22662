import type { MetricSet } from '@callfold/adapters';

/** What the console counts. No tenant, key or id is in a label. */
export type Counting = {
  answered(route: string, status: number, seconds: number): void;
  changed(changes: number): void;
  slowStream(): void;
};

export type Gauges = {
  readonly streams: () => number;
  readonly subjects: () => number;
  /** Of what is shown; null: nothing was read yet. */
  readonly ageMs: () => number | null;
};

export function createCounting(set: MetricSet, gauges: Gauges): Counting {
  const answers = set.seconds('callfold_console_request_seconds', 'From a request to its answer', ['route', 'status']);
  const changes = set.counter('callfold_console_changes_total', 'Subjects that were told as changed', []);
  const slow = set.counter('callfold_console_slow_streams_total', 'Streams closed: the reader was too far behind', []);
  set.gauge('callfold_console_streams', 'Streams that are open', gauges.streams);
  set.gauge('callfold_console_subjects', 'Live calls, chats and agents that are held', gauges.subjects);
  set.gauge('callfold_console_data_age_seconds', 'How old what is shown may be; -1 before anything was read', () => {
    const age = gauges.ageMs();
    return age === null ? -1 : age / 1_000;
  });
  return {
    answered: (route, status, seconds) => answers.observe({ route, status: String(status) }, seconds),
    changed: (count) => changes.inc(count),
    slowStream: () => slow.inc(),
  };
}
