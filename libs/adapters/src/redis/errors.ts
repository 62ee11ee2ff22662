import { Refused } from '@callfold/engine';

/** The first word of an error that our own scripts raise; what follows is for people, and is said as it is. */
export const SCRIPT_REFUSAL = 'CALLFOLD';

/** Said when the server does not take any more; kept as data so that tests and readers find it in one place. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /^OOM /,
    'is full: it has reached maxmemory and refused the write, and nothing of it was done. ' +
      'Raise maxmemory, or make room; it goes on by itself',
  ],
  [/^READONLY /, 'is a replica now (a failover?): it takes no writes. A reconnect finds the new master'],
  [/^(LOADING|BUSY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|NOREPLICAS) /, 'cannot answer at the moment; it is tried again'],
  [/^(NOAUTH|WRONGPASS|NOPERM) /, 'does not let us in: check the user, the password and the ACL of CALLFOLD_REDIS_URL'],
];

/** An answer of the server that will be the same next time: settings, or someone else's data under our keys. */
function verdictOf(message: string): string | null {
  if (message.startsWith(`${SCRIPT_REFUSAL} `)) return message.slice(SCRIPT_REFUSAL.length + 1);
  if (message.startsWith('WRONGTYPE ')) {
    return 'a key of ours holds another type than ours: another program writes under our keys, or two share a name';
  }
  if (message.startsWith('MOVED ')) {
    return 'it is a node of a Redis Cluster: use redis+cluster:// in CALLFOLD_REDIS_URL';
  }
  if (/cluster support disabled/.test(message)) {
    return 'it is no Redis Cluster: use redis:// in CALLFOLD_REDIS_URL, not redis+cluster://';
  }
  return null;
}

/**
 * What to throw for what the client threw: `Refused` for a verdict, else an error that says where, why, and that trying
 * again helps.
 */
export function explainError(where: string, error: unknown): Error {
  if (error instanceof Refused) return error;
  const message = error instanceof Error ? error.message : String(error);
  const verdict = verdictOf(message);
  if (verdict !== null) return new Refused(`${where}: ${verdict}`, { cause: error });
  const advice = ADVICE.find(([pattern]) => pattern.test(message))?.[1];
  return new Error(advice === undefined ? `${where}: ${message}` : `${where} ${advice} (${message})`, { cause: error });
}
