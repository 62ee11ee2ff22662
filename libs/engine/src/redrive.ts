import type { DeadLetter } from '@callfold/schemas';
import { DEAD_LETTERS } from '@callfold/core';
import type { Mark } from './letters.ts';
import { doubtFrom, markOf, markRecord, originText, redriveOf, redriveRecord, targetText } from './letters.ts';
import type { At, Outgoing, Publisher } from './ports.ts';
import { recordPages } from './read-back.ts';

/**
 * Sends letters to one raw partition again, each once, wherever an earlier run was cut short. As the relay does: fence,
 * so that nothing of an earlier run can land any more; read back what stands; send what is missing. What may stand
 * without a mark lies behind the offset that the run's `begin` names.
 */

/** Of one send. At most so many are in doubt when a run is killed. */
const SEND_RECORDS = 100;
const SEND_BYTES = 8_388_608;

export type Redriving = {
  readonly target: At;
  /** In the order in which they are to be sent. */
  readonly letters: AsyncIterable<DeadLetter>;
  readonly publisher: Publisher;
  readonly stop: { readonly requested: boolean };
  /** Told after each send, of how many letters. */
  progress(sent: number): void;
};

export type Redriven = {
  readonly sent: number;
  /** Sent by an earlier run, which had not marked them yet. */
  readonly found: number;
  /** Dealt with already when this run got to them. */
  readonly passed: number;
};

/** The marks that stand in the dead letters of one partition, in order. */
export async function readMarks(publisher: Publisher, partition: number): Promise<Mark[]> {
  const marks: Mark[] = [];
  for await (const { records } of recordPages(publisher, { topic: DEAD_LETTERS, partition })) {
    for (const record of records) {
      const mark = markOf(record);
      if (mark) marks.push(mark);
    }
  }
  return marks;
}

export async function redrive({ target, letters, publisher, stop, progress }: Redriving): Promise<Redriven> {
  const send = (records: readonly Outgoing[]): Promise<unknown> => publisher.send(target, records);
  const mark = (origins: Iterable<string>): Promise<unknown> =>
    send([...origins].map((origin) => markRecord({ what: 'redriven', origin })));
  await publisher.fence(target, [target.topic, DEAD_LETTERS]);
  const marks = await readMarks(publisher, target.partition);
  const dealt = new Set(marks.flatMap((one) => ('origin' in one ? [one.origin] : [])));
  const doubt = doubtFrom(marks, target);
  const found = new Set<string>();
  let end = (await publisher.bounds(target.topic, target.partition)).end;
  if (doubt !== null) {
    for await (const { records, next } of recordPages(publisher, target, doubt)) {
      for (const record of records) {
        const origin = redriveOf(record);
        if (origin !== null && !dealt.has(origin)) found.add(origin);
      }
      end = Math.max(end, next);
    }
    if (found.size > 0) await mark(found);
  }
  await send([markRecord({ what: 'begin', target: targetText(target), from: end })]);
  let sent = 0;
  let passed = 0;
  let batch: DeadLetter[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    await send(batch.map((letter) => ({ topic: target.topic, ...redriveRecord(letter) })));
    await mark(batch.map(originText));
    sent += batch.length;
    progress(batch.length);
    batch = [];
    bytes = 0;
  };
  for await (const letter of letters) {
    if (stop.requested) break;
    const origin = originText(letter);
    if (dealt.has(origin) || found.has(origin)) {
      passed += 1;
      continue;
    }
    dealt.add(origin);
    batch.push(letter);
    bytes += letter.value?.length ?? 0;
    if (batch.length >= SEND_RECORDS || bytes >= SEND_BYTES) await flush();
  }
  await flush();
  await send([markRecord({ what: 'end', target: targetText(target) })]);
  return { sent, found: found.size, passed };
}

/** Marks letters as put aside; again, when it is asked for again. */
export async function discardLetters(
  publisher: Publisher,
  partition: number,
  origins: readonly string[],
): Promise<void> {
  const at = { topic: DEAD_LETTERS, partition };
  await publisher.fence(at, [DEAD_LETTERS]);
  for (let from = 0; from < origins.length; from += SEND_RECORDS) {
    const some = origins.slice(from, from + SEND_RECORDS);
    await publisher.send(
      at,
      some.map((origin) => markRecord({ what: 'discarded', origin })),
    );
  }
}
