import type { Store } from '@callfold/engine';
import { takeClaim } from '../claim.ts';
import { createCommitNumbers } from '../commit-numbers.ts';
import type { Link } from './link.ts';
import type { MemoryStoreServer } from './store-server.ts';

const FIELDS_A_SLICE = 1_000;

/** One owner's handle on a memory store. */
export function createMemoryStore(server: MemoryStoreServer, link: Link): Store {
  const numbers = createCommitNumbers();
  return {
    claim: (at, token, above) =>
      takeClaim(at, token, above, {
        peek: () => link('peek', at, () => server.peek(at)),
        take: (epoch) => link('claim', at, () => server.claim(at, token, epoch)),
      }),
    read: (at, table, fields) => link('read', at, () => fields.map((field) => server.field(at, table, field))),
    timers: (at, upTo, limit) => link('timers', at, () => server.timers(at, upTo, limit)),
    outbox: (at) => link('outbox', at, () => server.outbox(at)),
    async commit(at, claim, commit) {
      const stamp = numbers.of(claim, commit);
      const answer = await link('commit', at, () => server.commit(at, claim, stamp, commit));
      numbers.answered(claim, stamp, answer);
      return answer;
    },
    ask: (at, requests) => link('ask', at, () => server.ask(at, requests)),
    async *scan(at, table) {
      const all = await link('scan', at, () => server.fields(at, table));
      for (let from = 0; from < all.length; from += FIELDS_A_SLICE) yield all.slice(from, from + FIELDS_A_SLICE);
    },
    peek: (at) => link('peek', at, () => server.peek(at)),
    changes: (at, from, limit) => link('changes', at, () => server.changes(at, from, limit)),
  };
}
