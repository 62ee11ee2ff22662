import { describe, expect, test } from 'vitest';
import { derivedRecordOf, isRejection, recordJson } from '../src/index.ts';
import { aiCall, call, episode, handoff, NOON, offer, stay } from './report-records.ts';

test.each([call('a'), aiCall('b'), offer('a', 'Ada'), episode('c'), handoff('c'), stay('x', 'Ready', NOON, null)])(
  'what is printed is read as it was: $kind of $source',
  (record) => {
    expect(derivedRecordOf(JSON.parse(JSON.stringify(recordJson(record))))).toEqual(record);
  },
);

describe('anything else is refused, with what to do', () => {
  const json = recordJson(call('a'));
  test.each([
    [null, 'not-an-object', ''],
    [[json], 'not-an-object', ''],
    [{ ...json, kind: 'toString' }, 'bad-field', 'kind is "toString": this is no derived record'],
    [{ source: 'atlas', callId: 'a', status: 'Voicemail' }, 'bad-field', '`callfold fold` makes records of it'],
    [{ ...json, source: 'vonage' }, 'bad-field', 'source is vonage, which has no call-outcomes'],
    [{ ...json, queuedAt: 12 }, 'bad-field', 'queuedAt is not such a time'],
    [{ ...json, revision: undefined }, 'bad-field', 'revision is missing'],
  ])('%j', (value, code, reason) => {
    const read = derivedRecordOf(value);
    expect(isRejection(read) && read.rejected).toBe(code);
    expect(isRejection(read) && read.reason).toContain(reason);
  });
});
