import type { Config } from '@callfold/adapters';
import { Refused } from '@callfold/engine';

/** The `callfold dev` that has the embedded store open: other commands reach it over its port. */

const TIMEOUT_MS = 60_000;
/** As `startHttp` names itself in every answer. */
const SERVER_NAME = 'callfold';

/** @throws Refused when nothing is there, or something else */
export async function askDev(config: Config, path: string, init: RequestInit = {}): Promise<Response> {
  const url = `http://${config.httpHost}:${config.httpPort}${path}`;
  const advice =
    'Start the embedded store with `callfold dev`, name its port in CALLFOLD_HTTP_PORT, or set CALLFOLD_KAFKA_BROKERS ' +
    'to work on Kafka.';
  let answer: Response;
  try {
    answer = await fetch(url, { ...init, signal: init.signal ?? AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Refused(`Nothing answers at ${url} (${cause}). ${advice}`);
  }
  if (answer.headers.get('server') === SERVER_NAME) return answer;
  throw new Refused(`What answers at ${url} is no callfold (status ${answer.status}). ${advice}`);
}
