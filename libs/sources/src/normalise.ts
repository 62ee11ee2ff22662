import type { RawEvent, RecordDetail, StatusEvent } from '@callfold/core';
import { atlasRow } from './atlas.ts';
import { readCallStatus } from './callcenter24.ts';
import { chatterfyRow } from './chatterfy.ts';
import { vonageRow } from './vonage.ts';

/** From a vendor's words to the inner language. Never refuses: what no table has is `unknown`, kept and counted. */
export function normalise(raw: RawEvent): StatusEvent {
  const { source, tenantId, subjectId, eventId, occurredAt: at, status, attributes } = raw;
  switch (source) {
    case 'callcenter24': {
      const { word, agent, agentWas } = readCallStatus(status);
      return { source, tenantId, subjectId, eventId, at, status, attributes, kind: 'call', word, agent, agentWas };
    }
    case 'atlas': {
      const detail = readRecord(raw);
      return { source, tenantId, subjectId, eventId, at, status, attributes, kind: 'call', word: 'record', detail };
    }
    case 'chatterfy': {
      const word = chatterfyRow(status)?.word ?? 'unknown';
      return { source, tenantId, subjectId, eventId, at, status, attributes, kind: 'chat', word };
    }
    case 'vonage': {
      const word = vonageRow(status)?.word ?? 'unknown';
      const detail = { duration: raw.duration, description: raw.description };
      return { source, tenantId, subjectId, eventId, at, status, attributes, kind: 'agent', word, detail };
    }
  }
}

function readRecord(raw: RawEvent): RecordDetail {
  const { startedAt, endedAt, recordVersion } = raw;
  return { label: atlasRow(raw.status)?.label ?? null, startedAt, endedAt, recordVersion };
}
