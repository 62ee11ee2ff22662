import { startChats } from './chats.ts';
import type { Caller, CallCentre, Queue } from './calls.ts';
import { createCalls } from './calls.ts';
import type { DirtShares } from './dirt.ts';
import { DEMO_DIRT, deliveriesOf } from './dirt.ts';
import { createRandom } from './random.ts';
import type { Delivery, World } from './raw.ts';
import { startRecords } from './records.ts';
import { createSchedule } from './schedule.ts';
import type { Roster } from './staff.ts';
import { createStaff } from './staff.ts';

/**
 * A small contact centre that never closes, for `callfold dev` and for tests: named agents who answer, miss, transfer
 * and take breaks, callers with limited patience, a voice AI and a chat bot. Outcomes come from what its people do,
 * none is written into it; only who calls in the first seconds is (OPENING), so that there is something to see soon.
 */

export type FeedOptions = {
  /** Same seed and start, same feed. */
  readonly seed: number | string;
  /** Epoch ms, on the caller's clock: when the first events happen and come in. */
  readonly startAt: number;
  /**
   * How many times as fast as the caller's clock things happen; 1 unless told. Waits and talks keep their length, so
   * at any other speed event times part from the clock: start at a time far enough back for how long it shall run,
   * because a log refuses events from more than a day ahead.
   */
  readonly speed?: number;
  readonly tenantId?: string;
};

const QUEUES: readonly Queue[] = [
  { name: 'sales', everyMs: 9_000, talkMedianMs: 16_000, voicemailAfterMs: 45_000 },
  { name: 'support', everyMs: 9_000, talkMedianMs: 20_000, voicemailAfterMs: null },
  { name: 'reception', everyMs: 15_000, talkMedianMs: 12_000, voicemailAfterMs: 15_000 },
];

const ROSTER: Roster = [
  { name: 'Anna Berg', agentId: 'vcc-101', queues: ['sales'] },
  { name: 'Дмитрий Орлов', agentId: 'vcc-102', queues: ['sales'] },
  { name: 'Maya Okafor', agentId: 'vcc-103', queues: ['sales', 'reception'] },
  { name: 'Lena Fox (Nights)', agentId: 'vcc-104', queues: ['sales'] },
  { name: 'Tom Reyes [Tier 2]', agentId: 'vcc-201', queues: ['support'] },
  { name: 'Ольга Лебедева-Ким', agentId: 'vcc-202', queues: ['support'] },
  { name: 'Zoë Lindqvist', agentId: 'vcc-203', queues: ['support'] },
  { name: 'Sam Contact', agentId: 'vcc-204', queues: ['support'] },
  { name: 'Ирина Соколова', agentId: 'vcc-205', queues: ['support', 'sales'] },
  { name: 'Noor Haddad', agentId: 'vcc-301', queues: ['reception'] },
];

/** Nobody sits at the reception yet: one caller gives up, one ends in the mailbox, one is gone at once. */
const OPENING: readonly Caller[] = [
  { afterMs: 300, queue: 'reception', patienceMs: 7_000 },
  { afterMs: 900, queue: 'support', patienceMs: Infinity },
  { afterMs: 1_600, queue: 'reception', patienceMs: Infinity },
  { afterMs: 2_800, queue: 'sales', patienceMs: Infinity },
  { afterMs: 4_500, queue: 'reception', patienceMs: 2_500 },
  { afterMs: 6_000, queue: 'support', patienceMs: Infinity },
];
const RECEPTION_OPENS_MS = 35_000;
/**
 * Until then every event comes in soon and as it was written: a newcomer shall first see the plain course of things.
 */
const CLEAN_UNTIL_MS = 30_000;
const CLEAN: DirtShares = { repeated: 0, late: 0, respelt: 0 };
/** Acts that wait in the simulation, and deliveries that wait to be due. */
const LIMIT = 100_000;

/** Endless, sorted by `deliverAt`; the caller waits until each is due. */
export function* createFeed(options: FeedOptions): Generator<Delivery, never, void> {
  const { seed, startAt, speed = 1, tenantId = 'default' } = options;
  if (!(speed > 0)) throw new Error(`createFeed: the speed must be above 0, it is ${speed}`);
  const dirt = createRandom(seed).fork('dirt');
  const acts = createSchedule<() => void>(LIMIT);
  const due = createSchedule<Delivery>(LIMIT);
  let now = startAt;
  const world: World = {
    tenantId,
    run: startAt.toString(36),
    now: () => now,
    after: (delayMs, act) => acts.put(now + Math.max(0, Math.round(delayMs)), act),
    tell: (event, unknownWord = false) => {
      const shares = now - startAt < CLEAN_UNTIL_MS ? CLEAN : DEMO_DIRT;
      for (const one of deliveriesOf(dirt, shares, event, now, unknownWord ? ['unknown-word'] : [])) {
        due.put(one.deliverAt, one);
      }
    },
  };
  open(world, seed);
  for (;;) {
    const next = acts.nextAt();
    if (next === null) throw new Error('createFeed: the centre has come to a standstill');
    // Nothing that happens from `next` on can come in before it: what is due by then is final.
    for (let first = due.nextAt(); first !== null && first <= next; first = due.nextAt()) {
      const delivery = due.take();
      if (delivery === null) break;
      const elapsed = delivery.at - startAt;
      yield { ...delivery.item, deliverAt: startAt + Math.round(elapsed / speed) };
    }
    const act = acts.take();
    if (act === null) continue;
    now = act.at;
    act.item();
  }
}

function open(world: World, seed: number | string): void {
  const random = createRandom(seed);
  // The staff tells the calls who has become free, and the calls occupy the staff: one of the two must come first.
  let calls: CallCentre | null = null;
  const staff = createStaff(world, random.fork('staff'), ROSTER, (agent) => calls?.agentFree(agent));
  calls = createCalls(world, random.fork('calls'), QUEUES, staff);
  const mornings = random.fork('mornings');
  for (const agent of staff.agents) {
    const early = !agent.queues.includes('reception');
    staff.comeIn(agent, early ? mornings.whole(200, 3_000) : RECEPTION_OPENS_MS + mornings.whole(0, 8_000));
  }
  calls.start(OPENING);
  startRecords(world, random.fork('records'));
  startChats(world, random.fork('chats'));
}
