import type { IncomingMessage } from 'node:http';
import type { Source } from '@callfold/core';
import { isRejection, reject, SOURCES } from '@callfold/core';
import type { Received } from '@callfold/engine';
import { parseJson, mediaTypeOf, decodeUtf8 } from './events-route.ts';
import type { Hook } from './hook-settings.ts';
import type { Item } from './intake.ts';
import { itemsOf, readMapped } from './mapping.ts';
import { ProblemError } from './problem.ts';
import { verify } from './signatures.ts';

/** `POST /v1/hooks/{source}`: from senders that sign, read by the mapping that is configured for them. */

export const HOOK_MEDIA_TYPES = ['application/json', 'application/x-www-form-urlencoded'] as const;
const DEFAULT_TENANT = 'default';

/** @throws ProblemError `no-such-path` or `no-such-hook` */
export function hookOf(hooks: readonly Hook[], name: string, tenant: string | undefined): Hook {
  const source: Source | undefined = SOURCES.find((one) => one === name);
  if (source === undefined) throw new ProblemError('no-such-path', `a source is one of ${SOURCES.join(', ')}`);
  const tenantId = tenant ?? DEFAULT_TENANT;
  const hook = hooks.find((one) => one.source === source && one.tenantId === tenantId);
  if (hook !== undefined) return hook;
  const detail = `no hook for ${source} is configured for this tenant: CALLFOLD_GATEWAY_HOOKS names them`;
  throw new ProblemError('no-such-hook', detail);
}

/** @throws ProblemError when the signature does not fit, or the payload is none that can be read */
export function readDelivery(hook: Hook, raw: IncomingMessage, body: Buffer, now: number): Item[] {
  const { scheme, secrets, toleranceMs, mapping } = hook;
  verify(scheme, { headers: raw.headers, body, path: raw.url ?? '' }, { secrets, toleranceMs, now });
  const found = itemsOf(mapping, payloadOf(raw, body));
  if (isRejection(found)) return [{ rejection: found }];
  const delivery = raw.headers['webhook-id'];
  return found.map((item, n) => {
    const fallbackId = typeof delivery === 'string' ? (found.length === 1 ? delivery : `${delivery}#${n}`) : null;
    const event = readMapped(hook, item, fallbackId);
    if (event === null) return { ignored: true };
    if (isRejection(event)) return { rejection: event };
    const payload = mapping.items === null ? body : itemBytes(item);
    if (payload === null) return { rejection: reject('not-json', 'it is nested too deeply to be kept') };
    return { event, received: { payload, adapter: mapping.adapter } satisfies Received };
  });
}

/** Of a list, each item is kept as JSON of its own: the whole body in each record would be many times as much. */
function itemBytes(item: unknown): Uint8Array | null {
  try {
    return Buffer.from(JSON.stringify(item));
  } catch {
    return null;
  }
}

/** What was received, parsed: also of a payload that was kept in a record. */
export function payloadOf(raw: Pick<IncomingMessage, 'headers'>, body: Uint8Array): unknown {
  const type = mediaTypeOf(raw.headers);
  if (type === 'application/x-www-form-urlencoded') {
    const text = decodeUtf8(body);
    if (text === null) throw new ProblemError('malformed', 'the form is not UTF-8');
    return Object.fromEntries(new URLSearchParams(text));
  }
  if (/^application\/([\w.-]+\+)?json$/.test(type)) return parseJson(body);
  throw new ProblemError('media-type', `send one of ${HOOK_MEDIA_TYPES.join(', ')}`);
}
