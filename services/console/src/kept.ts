import type { Clock } from '@callfold/engine';
import type { ConsoleLimits } from './limits.ts';

/** What is worked out of all records: again when there are others, and more rarely where it takes long. */

type Kept<Value> = {
  readonly version: number;
  readonly day: string;
  readonly at: number;
  readonly tookMs: number;
  readonly value: Value;
};

/** Of the time that it takes, so much passes before it is worked out again. */
const REST = 20;

/**
 * @param version another number once records have changed
 * @returns of a tenant, null: of all, and of a day
 */
export function createKept<Value>(
  version: () => number,
  clock: Pick<Clock, 'now'>,
  limits: ConsoleLimits,
): (tenantId: string | null, day: string, make: () => Value) => Value {
  const kept = new Map<string | null, Kept<Value>>();
  return (tenantId, day, make) => {
    const now = clock.now();
    const known = kept.get(tenantId);
    const isYoung = known && now - known.at < Math.max(limits.figuresMs, REST * known.tookMs);
    if (known?.day === day && (known.version === version() || isYoung)) return known.value;
    const made = version();
    const value = make();
    kept.delete(tenantId);
    const [oldest] = kept.keys();
    if (oldest !== undefined && kept.size >= limits.figuresTenants) kept.delete(oldest);
    kept.set(tenantId, { version: made, day, at: now, tookMs: clock.now() - now, value });
    return value;
  };
}
