import type { DerivedRecord, Explanation } from '@callfold/core';
import { recordJson } from '@callfold/core';
import { isoTime } from '@callfold/schemas';
import { inWords } from './words.ts';

/** An explanation as JSON, and as text for people. */

const SECOND_MS = 1_000;

function drafted(record: Explanation['records'][number]): DerivedRecord {
  return { ...record, revision: 0, correctionOf: null };
}

export function explanationJson(explanation: Explanation): Record<string, unknown> {
  return {
    ...explanation,
    events: explanation.events.map((event) => ({
      ...event,
      occurredAt: isoTime(event.occurredAt),
      loggedAt: isoTime(event.loggedAt),
    })),
    records: explanation.records.map((record) => {
      const { revision: _, correctionOf: __, ...json } = recordJson(drafted(record));
      return json;
    }),
  };
}

function shown(value: unknown): string {
  if (value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function changeText(field: string, from: unknown, to: unknown): string {
  const time = field.endsWith('At') && typeof to === 'number' ? isoTime(to) : shown(to);
  return from === null ? `${field} = ${time}` : `${field}: ${shown(from)} → ${time}`;
}

/** Timeline, each event's effect, the rule behind each record. */
export function explanationText(explanation: Explanation): string {
  const { kind, subjectId, tenantId, source, events, records, closed } = explanation;
  const start = events.reduce((first, event) => Math.min(first, event.occurredAt), Infinity);
  const lines = [
    `${kind} ${subjectId} of tenant ${tenantId}, told by ${source}: ${events.length} events, ${closed ? 'closed' : 'still open'}`,
    '',
  ];
  for (const event of events) {
    const after = `+${((event.occurredAt - start) / SECOND_MS).toFixed(1)} s`;
    const note =
      event.note === 'repeat' ? '  (a repeat: says nothing new)' : event.note === 'late' ? '  (came late)' : '';
    lines.push(`  ${isoTime(event.occurredAt)}  ${after.padStart(10)}  ${event.status ?? '(no status)'}${note}`);
    for (const { field, from, to } of event.changes) lines.push(`${' '.repeat(40)}${changeText(field, from, to)}`);
  }
  lines.push('', closed ? 'What is said of it:' : 'What would be said of it now:');
  for (const record of records) {
    lines.push(`  ${inWords(drafted(record))}`);
    if ('decidedBy' in record)
      lines.push(`      rule ${record.decidedBy.rule}, resting on ${record.decidedBy.eventIds.join(', ')}`);
  }
  return `${lines.join('\n')}\n`;
}
