import type { Random, Weighted } from './random.ts';
import { weighted } from './random.ts';
import type { CallRecord, World } from './raw.ts';
import { isoOf } from './raw.ts';

/** Calls of a voice AI, told in the Atlas words: one record a call when it is over, and now and then an update. */

/** undefined: the record has no `status` at all. */
type Label = { readonly text: string | null | undefined; readonly spoken: 'yes' | 'no'; readonly known?: false };

const spoken = (text: string): Label => ({ text, spoken: 'yes' });
const silent = (text: string): Label => ({ text, spoken: 'no' });

/** The everyday ones are frequent, and every other one comes up now and then. */
export const LABELS: Weighted<Label> = [
  [spoken('Customer ended call'), 260],
  [spoken('Agent ended call'), 130],
  [silent('No answer'), 150],
  [silent('Voicemail'), 90],
  [spoken('Call transferred'), 60],
  [silent('Line busy'), 50],
  [spoken('Silence timeout'), 30],
  [spoken('End phrase detected'), 25],
  [spoken('Agent hung up'), 20],
  [spoken('Message delivered'), 20],
  [silent('Invalid number'), 20],
  [spoken('Max duration reached'), 10],
  [silent('Manually canceled'), 10],
  [spoken('Connection lost'), 10],
  ...[
    'Agent error',
    'Unspeakable error',
    'No agent response',
    'No mic access',
    'Operator busy',
    'AI service temporarily unavailable',
    'AI service unavailable',
    'Call interrupted due to system error',
    'Call ended due to a system error',
    'Processing error occurred',
    'Unable to get microphone access',
    'Worker shutdown',
    'Database error',
    'Unknown error',
  ].map((text) => [spoken(text), 4] as const),
  ...[
    'Agent join timeout',
    'Agent request failed',
    'Bypass enabled, no call',
    'Twilio connect failed',
    'SIP connect failed',
    'No agent or server',
    'Org info error',
    'Subscription error',
    'Agent info error',
    'Phone number error',
    'Customer info error',
    'Resource validation error',
    'International number error',
    'Daily limit reached',
    'Transport error',
    'Say hook executed',
    'Transfer hook executed',
  ].map((text) => [silent(text), 4] as const),
  [silent('Unknown status'), 4],
  [{ text: null, spoken: 'no' }, 8],
  [{ text: undefined, spoken: 'no' }, 6],
  [{ text: 'Voicemail greeting dropped', spoken: 'no', known: false }, 6],
  [{ text: 'Handed to human copilot', spoken: 'yes', known: false }, 6],
];

const label = weighted(LABELS);
const EVERY_MS = 5_000;
const CAMPAIGNS = ['renewals', 'spring-offer', 'appointment-reminder'];

export function startRecords(world: World, random: Random): void {
  let made = 0;
  const next = () => {
    made += 1;
    outboundCall(world, random, `atl-${world.run}-${made}`);
    world.after(random.exponential(EVERY_MS), next);
  };
  world.after(random.exponential(EVERY_MS), next);
}

/** The call rings and may be talked; nobody hears of it before it is over. */
function outboundCall(world: World, random: Random, callId: string): void {
  const startedAt = world.now();
  const first = label(random);
  const ringMs = random.logNormal(3_000, 0.5);
  const lastedMs = Math.round(ringMs + (first.spoken === 'yes' ? random.logNormal(14_000, 0.8) : 0));
  const attributes = {
    campaign: random.pick(CAMPAIGNS),
    number: `+1 555 01${String(random.whole(0, 99)).padStart(2, '0')}`,
  };
  const versioned = random.chance(0.7);
  const tell = (one: Label, version: number, endedAt: number) => {
    const record: CallRecord = {
      source: 'atlas',
      tenantId: world.tenantId,
      callId,
      // Two adapters feed this topic: one writes text, the other epoch milliseconds.
      occurredAt: versioned ? isoOf(world.now()) : world.now(),
      ...(one.text === undefined ? {} : { status: one.text }),
      startedAt: versioned ? isoOf(startedAt) : startedAt,
      endedAt: versioned ? isoOf(endedAt) : endedAt,
      ...(versioned ? { recordVersion: version } : {}),
      attributes,
    };
    world.tell(record, one.known === false);
  };
  world.after(lastedMs, () => {
    const endedAt = world.now();
    const early = random.chance(0.06);
    // A record written before the reason is known says null, and is put right soon after.
    tell(early ? { text: null, spoken: first.spoken } : first, 1, endedAt);
    if (early) world.after(random.whole(2_000, 15_000), () => tell(first, 2, endedAt));
    else if (random.chance(0.05)) world.after(random.whole(5_000, 60_000), () => tell(label(random), 2, endedAt));
  });
}
