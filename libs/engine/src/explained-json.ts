import type { DerivedRecord, Evidence, ExplainedRecord, Explanation, Revision } from '@callfold/core';
import { recordJson } from '@callfold/core';
import { isoTime } from '@callfold/schemas';
import type { Explained } from './subject.ts';

/** An explanation as JSON: of the command, of the API, and what the page draws. */

type Moment = Explanation['timeline'][number];

/** As a record that is not published yet: it has no revision. */
export function drafted(record: ExplainedRecord['record'], revision = 0): DerivedRecord {
  return { ...record, revision, correctionOf: null };
}

function evidenceJson(one: Evidence): Record<string, unknown> {
  return { ...one, occurredAt: isoTime(one.occurredAt), loggedAt: isoTime(one.loggedAt) };
}

function revisionJson({ record, changes }: Revision): Record<string, unknown> {
  return { record: recordJson(record), changes };
}

function momentJson(moment: Moment): Record<string, unknown> {
  const published = moment.published.map(revisionJson);
  if (moment.what === 'event') return { ...moment, ...evidenceJson(moment), published };
  return { ...moment, due: isoTime(moment.due), published };
}

function explainedJson({ record, decision, ...rest }: ExplainedRecord): Record<string, unknown> {
  const { revision: _, correctionOf: __, ...json } = recordJson(drafted(record));
  return {
    ...rest,
    record: json,
    decision: {
      ...decision,
      restsOn: decision.restsOn.map(evidenceJson),
      passedOver: decision.passedOver.map(evidenceJson),
    },
  };
}

/** Everything of the explanation, times in ISO 8601. */
export function explanationJson({ explanation, place }: Explained): Record<string, unknown> {
  const { next, clock } = explanation;
  return {
    ...explanation,
    timeline: explanation.timeline.map(momentJson),
    records: explanation.records.map(explainedJson),
    next: next && { ...next, due: isoTime(next.due) },
    clock: isoTime(clock),
    place,
  };
}
