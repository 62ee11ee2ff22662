/**
 * A process to be killed: appends to every partition, folds what it appended, commits, publishes, all at once, and says
 * on standard output what was answered. Run: node lmdb-crash-child.js DIR. It never ends by itself.
 */

import { writeSync } from 'node:fs';
import type { At, Commit } from '@callfold/engine';
import { openEmbedded } from '../src/lmdb/embedded.ts';
import { DERIVED, folded, PARTITIONS, RAW, valueAt } from './lmdb-crash-fold.ts';

const RECORDS_A_TURN = 40;

const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

async function main(dir: string): Promise<void> {
  const embedded = await openEmbedded({
    dir,
    clock: { now: Date.now, sleep: async () => {} },
    partitions: PARTITIONS,
    topics: [RAW, DERIVED],
  });
  say(`open ${process.pid}`);
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: RAW, partition }));
  await Promise.all(partitions.flatMap((at) => [append(embedded, at), fold(embedded, at)]));
}

type Embedded = Awaited<ReturnType<typeof openEmbedded>>;

async function append({ writer, member }: Embedded, at: At): Promise<void> {
  let { end } = await member('writer').log.bounds(at);
  for (let turn = 0; ; turn += 1) {
    const count = 1 + ((turn * 13) % RECORDS_A_TURN);
    const records = Array.from({ length: count }, (_, i) => ({
      key: null,
      value: Buffer.from(valueAt(at.partition, end + i)),
      headers: [],
    }));
    await writer.append(at, records);
    end += count;
    say(`appended ${at.partition} ${end}`);
  }
}

/** As an owner of the engine does: claim, fence, read back, send what is missing; then fold, commit, send, trim. */
async function fold(embedded: Embedded, at: At): Promise<void> {
  const { store, log, publisher } = embedded.member('group', [RAW]);
  const stored = await store.claim(at, `${process.pid}`);
  await publisher.fence(at, [DERIVED]);
  let sent = (await publisher.bounds(DERIVED, at.partition)).end;
  let next = stored.next ?? 0;
  for (const { number, entry } of await store.outbox(at)) {
    if (number < sent) continue;
    await publisher.send(at, [{ topic: DERIVED, key: null, value: entry, headers: [] }]);
    sent = number + 1;
  }
  for (;;) {
    const batch = await log.read(at, next, RECORDS_A_TURN);
    const { count, sum } = folded(at.partition, batch.next);
    const entry = Buffer.from(`${at.partition}: ${count} ${sum}`);
    const commit: Commit = {
      expected: stored.next === null && next === 0 ? null : next,
      next: batch.next,
      meta: `at ${batch.next}`,
      tables: new Map([
        [
          'states',
          new Map([
            ['count', String(count)],
            ['sum', sum],
          ]),
        ],
      ]),
      timers: new Map([['last', batch.next]]),
      outboxFrom: sent,
      outbox: [entry],
      outboxTrim: sent,
    };
    if (batch.records.length > 0) {
      const answer = await store.commit(at, stored.claim, commit);
      if (!answer.ok) throw new Error(`commit to ${batch.next} of ${at.partition} was ${answer.why}`);
      next = batch.next;
      say(`committed ${at.partition} ${next}`);
      await publisher.send(at, [{ topic: DERIVED, key: null, value: entry, headers: [] }]);
      sent += 1;
      say(`sent ${at.partition} ${sent}`);
    }
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

await main(process.argv[2] ?? '');
