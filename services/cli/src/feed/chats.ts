import type { Random } from './random.ts';
import { weighted } from './random.ts';
import type { World } from './raw.ts';
import { isoWithOffset } from './raw.ts';

/** Chats of a bot, told in the Chatterfy words. People set the status from a drop-down too: any may follow any. */

/** A status, or QUIET: nothing more for now, or for good. */
type Step = string;

const QUIET = 'quiet';
const MANUAL = 'Manual';

/** What comes after each status: the bot's ways, and the drop-down's. */
const NEXT: Readonly<Record<string, (random: Random) => Step>> = {
  Auto: weighted<Step>([
    ['Waiting', 60],
    [MANUAL, 14],
    ['Finished', 14],
    ['Blocked', 4],
    ['Stopped', 3],
    ['Auto', 4],
    ['Archived', 1],
  ]),
  Waiting: weighted<Step>([
    ['Auto', 70],
    [MANUAL, 8],
    ['Waiting', 3],
    ['Blocked', 4],
    ['Stopped', 3],
    ['Finished', 2],
    [QUIET, 10],
  ]),
  Manual: weighted<Step>([
    ['Auto', 62],
    ['Waiting', 10],
    ['Finished', 14],
    [MANUAL, 6],
    ['Blocked', 3],
    [QUIET, 5],
  ]),
  Finished: weighted<Step>([
    [QUIET, 72],
    ['Auto', 18],
    [MANUAL, 6],
    ['Finished', 4],
  ]),
  Blocked: weighted<Step>([
    [QUIET, 78],
    ['Auto', 16],
    ['Stopped', 6],
  ]),
  Stopped: weighted<Step>([
    [QUIET, 70],
    [MANUAL, 16],
    ['Auto', 14],
  ]),
  Archived: weighted<Step>([
    ['Auto', 50],
    [QUIET, 50],
  ]),
};
const UNKNOWN_STATUS = 'Archived';

const DWELL_MEDIAN_MS: Readonly<Record<string, number>> = {
  Auto: 4_000,
  Waiting: 12_000,
  Manual: 18_000,
  Finished: 30_000,
  Blocked: 30_000,
  Stopped: 20_000,
  Archived: 10_000,
};

const EVERY_MS = 9_000;
/** The platform's clock stands in this zone all year. */
const OFFSET_HOURS = 3;
const FLOWS = ['onboarding', 'delivery-status', 'reactivation'];
const CHANNELS = ['telegram', 'whatsapp', 'web'];

export function startChats(world: World, random: Random): void {
  let made = 0;
  const next = () => {
    made += 1;
    chat(world, random, `chat-${world.run}-${made}`);
    world.after(random.exponential(EVERY_MS), next);
  };
  world.after(random.whole(500, 2_500), next);
}

function chat(world: World, random: Random, chatId: string): void {
  let told = 0;
  const attributes = {
    flow: random.pick(FLOWS),
    channel: random.pick(CHANNELS),
    client: `+1 555 01${String(random.whole(0, 99)).padStart(2, '0')}`,
  };
  const enter = (status: string) => {
    told += 1;
    world.tell(
      {
        source: 'chatterfy',
        tenantId: world.tenantId,
        chatId,
        eventId: `${chatId}.${told}`,
        occurredAt: isoWithOffset(world.now(), OFFSET_HOURS),
        status,
        ...(told === 1 ? { attributes } : {}),
      },
      status === UNKNOWN_STATUS,
    );
    const next = NEXT[status]?.(random) ?? QUIET;
    if (next === QUIET) return;
    world.after(random.logNormal(DWELL_MEDIAN_MS[status] ?? 10_000, 0.7), () => enter(next));
  };
  // Most chats are led by the bot from the start; some begin with a file or a failed first message.
  enter(random.chance(0.93) ? 'Auto' : random.pick([MANUAL, 'Stopped', 'Waiting']));
}
