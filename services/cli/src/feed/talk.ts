import type { Say } from './lines.ts';
import { CONTACT, ENDED, joinLine, leaveLine, RECORDED, requestLine, screenLine } from './lines.ts';
import type { Random } from './random.ts';
import { weighted } from './random.ts';
import type { World } from './raw.ts';
import type { Agent, Staff } from './staff.ts';

/** What happens to a call once an agent is in: transfers, drops, and the ways in which it ends. */

export type Talk = {
  readonly world: World;
  readonly random: Random;
  readonly staff: Staff;
  readonly say: Say;
  readonly medianMs: number;
};

const course = weighted<'plain' | 'warm' | 'blind' | 'reconnect'>([
  ['plain', 76],
  ['warm', 9],
  ['blind', 9],
  ['reconnect', 6],
]);

const ending = weighted<'contact' | 'agent' | 'together' | 'end-only' | 'no-end' | 'contact-untold'>([
  ['contact', 48],
  ['agent', 28],
  ['together', 12],
  ['end-only', 5],
  ['no-end', 4],
  ['contact-untold', 3],
]);

const IS_RECORDED = 0.6;
const IS_HELD = 0.03;
const FAULT = 0.04;
const GONE_IN_TRANSFER = 0.25;
/** The parts of a talk that come before what may happen in it; agents stay in until the last of them. */
const BEFORE_HOLD = 0.2;
const BEFORE_FAULT = 0.3;
const BEFORE_CHANGE = 0.6;

/** `agent` has just joined. */
export function startTalk(talk: Talk, agent: Agent): void {
  const { world, random, staff, say } = talk;
  const talkMs = random.logNormal(talk.medianMs, 0.7);
  const restMs = talkMs * (1 - BEFORE_CHANGE);
  if (random.chance(IS_HELD)) {
    world.after(talkMs * BEFORE_HOLD, () => say(`Contact on hold - [${agent.name}]`, true));
  }
  if (random.chance(FAULT)) world.after(talkMs * BEFORE_FAULT, () => staff.falter(agent));
  const plan = course(random);
  if (plan === 'plain') {
    world.after(talkMs, () => hangUp(talk, agent));
    return;
  }
  world.after(talkMs * BEFORE_CHANGE, () => {
    if (plan === 'warm') warmTransfer(talk, agent, restMs);
    else if (plan === 'blind') blindTransfer(talk, agent, restMs);
    else reconnect(talk, agent, restMs);
  });
}

/** The second agent joins before the first leaves. With nobody free the talk just ends. */
function warmTransfer(talk: Talk, agent: Agent, restMs: number): void {
  const { world, random, staff, say } = talk;
  const to = colleague(talk, agent);
  if (to === null) {
    hangUp(talk, agent);
    return;
  }
  bringIn(talk, to, () =>
    world.after(random.whole(2_000, 6_000), () => {
      say(leaveLine(agent.name));
      staff.wrapUp(agent);
      world.after(restMs, () => hangUp(talk, to));
    }),
  );
}

/** The first agent leaves, and the caller waits for the second, or goes. */
function blindTransfer(talk: Talk, agent: Agent, restMs: number): void {
  const { world, random, staff, say } = talk;
  say(leaveLine(agent.name));
  staff.wrapUp(agent);
  const to = colleague(talk, agent);
  if (to !== null && !random.chance(GONE_IN_TRANSFER)) {
    bringIn(talk, to, () => world.after(restMs, () => hangUp(talk, to)));
    return;
  }
  world.after(random.whole(2_000, 12_000), () => {
    say(leaveLine(CONTACT));
    world.after(random.whole(20, 400), () => say(ENDED));
  });
}

/** A line that broke for a moment: the same agent comes back. */
function reconnect(talk: Talk, agent: Agent, restMs: number): void {
  const { world, random, say } = talk;
  say(leaveLine(agent.name));
  world.after(random.whole(600, 4_000), () => {
    say(joinLine(agent.name));
    world.after(restMs, () => hangUp(talk, agent));
  });
}

function colleague({ random, staff }: Talk, agent: Agent): Agent | null {
  const free = staff.agents.filter((one) => one !== agent && staff.isFree(one));
  return free.length === 0 ? null : random.pick(free);
}

function bringIn({ world, random, staff, say }: Talk, to: Agent, then: () => void): void {
  staff.occupy(to);
  say(requestLine(to, 'Available'));
  world.after(random.whole(150, 900), () => say(screenLine(to)));
  world.after(random.whole(1_500, 6_000), () => {
    say(joinLine(to.name));
    then();
  });
}

function hangUp({ world, random, staff, say }: Talk, agent: Agent): void {
  const agentLeaves = () => {
    say(leaveLine(agent.name));
    staff.wrapUp(agent);
  };
  const contactLeaves = () => say(leaveLine(CONTACT));
  const ends = () => world.after(random.whole(10, 300), () => say(ENDED));
  if (random.chance(IS_RECORDED)) world.after(random.whole(6_000, 40_000), () => say(RECORDED));
  switch (ending(random)) {
    case 'contact':
      contactLeaves();
      world.after(random.whole(100, 2_500), () => {
        agentLeaves();
        ends();
      });
      break;
    case 'agent':
      agentLeaves();
      world.after(random.whole(300, 4_000), () => {
        contactLeaves();
        ends();
      });
      break;
    case 'together':
      contactLeaves();
      agentLeaves();
      ends();
      break;
    case 'end-only':
      say(ENDED);
      staff.wrapUp(agent);
      break;
    case 'no-end':
      contactLeaves();
      world.after(random.whole(100, 1_500), agentLeaves);
      break;
    case 'contact-untold':
      agentLeaves();
      ends();
      break;
  }
}
