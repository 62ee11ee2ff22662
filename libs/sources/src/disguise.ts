import type { DerivedRecord, Disguise, RecordName, Source } from '@callfold/core';
import { idOf, KIND_OF } from '@callfold/core';
import { atlasRow } from './atlas.ts';
import { readCallStatus } from './callcenter24.ts';
import { chatterfyRow } from './chatterfy.ts';
import { vonageRow } from './vonage.ts';

/**
 * Derived records without a person in them: ids of calls, chats, agents and events, agents' names, values of attributes
 * and free text become keyed hashes. The same value of one tenant is the same hash in every record and topic, so that
 * records can be joined and counted; of two tenants it is not. Tenants, times, labels, names of attributes and the
 * vendors' own words stay.
 */

/** What a value is: an id of a call that reads like the name of an agent must not look alike. */
type Domain = 'call' | 'chat' | 'agent' | 'event' | 'attribute' | 'text';

/** @param keyedHash of a text, under a key that is not in the records; the same text gives the same hash for ever. */
export function createDisguise(fingerprint: string, keyedHash: (text: string) => string): Disguise {
  // No tenant holds a line end, so no two of these texts are alike by accident.
  const hashOf = (tenantId: string, domain: Domain, value: string): string =>
    keyedHash(`${domain}\n${tenantId}\n${value}`);

  function of(record: DerivedRecord): DerivedRecord {
    const { tenantId, source } = record;
    const hash = (domain: Domain, value: string): string => hashOf(tenantId, domain, value);
    const words = (status: string): string => wordsOf(source, status, hash);
    const decided = <Decided extends { readonly eventIds: readonly string[] }>(by: Decided): Decided => ({
      ...by,
      eventIds: by.eventIds.map((id) => hash('event', id)),
    });
    const values = (attributes: Readonly<Record<string, string>>): Record<string, string> =>
      Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, hash('attribute', value)]));

    switch (record.kind) {
      case 'call-outcome': {
        const callId = hash('call', record.callId);
        return {
          ...record,
          outcomeId: idOf(tenantId, source, callId),
          callId,
          rawStatus: record.rawStatus === null ? null : words(record.rawStatus),
          agents: record.agents.map((one) => ({ ...one, agent: hash('agent', one.agent) })),
          decidedBy: decided(record.decidedBy),
          attributes: values(record.attributes),
        };
      }
      case 'agent-offer': {
        const callId = hash('call', record.callId);
        const agent = hash('agent', record.agent);
        const outcomeId = idOf(tenantId, source, callId, agent, record.n);
        return { ...record, outcomeId, callId, agent, decidedBy: decided(record.decidedBy) };
      }
      case 'chat-outcome': {
        const chatId = hash('chat', record.chatId);
        const dwell = Object.entries(record.dwellMs).map(([status, ms]): [string, number] => [words(status), ms]);
        return {
          ...record,
          outcomeId: idOf(tenantId, source, chatId, record.episode),
          chatId,
          rawStatus: record.rawStatus === null ? null : words(record.rawStatus),
          dwellMs: Object.fromEntries(dwell.sort(([a], [b]) => (a < b ? -1 : 1))),
          decidedBy: decided(record.decidedBy),
          attributes: values(record.attributes),
        };
      }
      case 'chat-handoff': {
        const chatId = hash('chat', record.chatId);
        const returnedTo = record.returnedTo === null ? null : words(record.returnedTo);
        return { ...record, outcomeId: idOf(tenantId, source, chatId, record.n), chatId, returnedTo };
      }
      case 'agent-interval': {
        const agentId = hash('agent', record.agentId);
        const state = words(record.state);
        return {
          ...record,
          outcomeId: idOf(tenantId, source, agentId, new Date(record.start).toISOString(), state),
          agentId,
          state,
          description: record.description === null ? null : hash('text', record.description),
        };
      }
    }
  }
  const subjectIdOf = (source: Source, tenantId: string, subjectId: string): string =>
    hashOf(tenantId, KIND_OF[source], subjectId);

  function nameOf({ kind, tenantId, source, subjectId, parts }: RecordName): string {
    const hash = (domain: Domain, value: string): string => hashOf(tenantId, domain, value);
    const own = subjectIdOf(source, tenantId, subjectId);
    const [first = '', second = ''] = parts;
    if (kind === 'agent-offer') return idOf(tenantId, source, own, hash('agent', first), second);
    if (kind === 'agent-interval') return idOf(tenantId, source, own, first, wordsOf(source, second, hash));
    return idOf(tenantId, source, own, ...parts);
  }
  return { fingerprint, of, idOf: nameOf, subjectId: subjectIdOf };
}

/** What records call a status that came without words. */
const NO_WORDS = 'unknown';
const ROWS = { atlas: atlasRow, chatterfy: chatterfyRow, vonage: vonageRow };

/** A vendor's own words stay; a name among them is hashed, and what nobody taught us is hashed whole. */
function wordsOf(source: Source, status: string, hash: (domain: Domain, value: string) => string): string {
  if (source !== 'callcenter24') {
    return status === NO_WORDS || ROWS[source](status) !== null ? status : hash('text', status);
  }
  const { row, agent, agentWas } = readCallStatus(status);
  if (row === null) return hash('text', status);
  if (agent === null) return status;
  const availability = agentWas === null ? '' : ` (${agentWas === 'busy' ? 'Busy' : 'Available'})`;
  return row.status.replace('{agent}', `[${hash('agent', agent)}]`).replace(' ({availability})', availability);
}
