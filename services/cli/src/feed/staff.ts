import type { Random } from './random.ts';
import { weighted } from './random.ts';
import type { World } from './raw.ts';
import { isoOf } from './raw.ts';

/**
 * The agents of the simulated centre, told in the Vonage words: each state comes first without a duration, and again
 * with one when it is over. The calls (calls.ts) move the agents; breaks and log-outs they take on their own.
 */

export type Roster = readonly { readonly name: string; readonly agentId: string; readonly queues: readonly string[] }[];

export type Agent = {
  readonly name: string;
  readonly agentId: string;
  readonly queues: readonly string[];
};

export type Staff = {
  readonly agents: readonly Agent[];
  readonly isFree: (agent: Agent) => boolean;
  /** Rings or talks: Busy. */
  readonly occupy: (agent: Agent) => void;
  /** A fault during a call, which goes on: Failed, and soon Busy again if the agent still is in it. */
  readonly falter: (agent: Agent) => void;
  /** A call was taken by someone else, or the caller went: Ready again. */
  readonly release: (agent: Agent) => void;
  /** After a call: Wrap, then back to Ready or to a break. */
  readonly wrapUp: (agent: Agent) => void;
  /** Did not answer: Unexpected, then back. */
  readonly unreachable: (agent: Agent) => void;
  /** Takes the first call after this: how the day begins. Nothing is told of an agent before. */
  readonly comeIn: (agent: Agent, afterMs: number) => void;
};

const CALL = 'Live';

type Rest = { readonly state: string; readonly descriptions: readonly string[]; readonly medianMs: number };

/** Where an agent goes when a call is wrapped up. States of the last two lines are in no vocabulary. */
const restAfterCall = weighted<Rest | 'ready'>([
  ['ready', 82],
  [{ state: 'Away', descriptions: ['Break', 'Coffee'], medianMs: 25_000 }, 6],
  [{ state: 'ExtendedAway', descriptions: ['Lunch', 'Meeting', 'Обед'], medianMs: 60_000 }, 4],
  [{ state: 'ReadyRFO', descriptions: ['Ready (Outbound)', 'Ready (Offline)'], medianMs: 20_000 }, 4],
  [{ state: 'LoggedOut', descriptions: ['Logged out'], medianMs: 30_000 }, 2],
  [{ state: 'Training', descriptions: ['Product training'], medianMs: 20_000 }, 1],
  [{ state: 'Supervisor assist', descriptions: ['Live'], medianMs: 10_000 }, 1],
]);
const UNKNOWN_STATES = new Set(['Training', 'Supervisor assist']);

const WRAP_MEDIAN_MS = 7_000;
const UNREACHABLE_MEDIAN_MS = 18_000;
const FAULT_MEDIAN_MS = 2_500;
/** After becoming free, until the next call is put through. */
const NOTICED_FROM_MS = 40;
const NOTICED_TO_MS = 300;
/** Work that is not a call (a mail, a message) keeps a free agent busy now and then. */
const OTHER_WORK_EVERY_MS = 120_000;
const OTHER_WORK_MEDIAN_MS = 12_000;

type Stay = { readonly state: string; readonly description: string; readonly since: number };

/** @param onFree called when an agent may take a call; it may occupy the agent at once. */
export function createStaff(world: World, random: Random, roster: Roster, onFree: (agent: Agent) => void): Staff {
  const stays = new Map<Agent, Stay>();
  const agents: readonly Agent[] = roster.map(({ name, agentId, queues }) => ({ name, agentId, queues }));

  function move(agent: Agent, state: string, description: string): Stay {
    const last = stays.get(agent);
    if (last !== undefined) finish(agent, last);
    const stay = { state, description, since: world.now() };
    stays.set(agent, stay);
    tell(agent, stay, null);
    return stay;
  }

  /** Mostly exact. Sometimes never told, a little too long, or short: what a lost or a rounded update looks like. */
  function finish(agent: Agent, stay: Stay): void {
    const lasted = world.now() - stay.since;
    const told = random.next();
    if (told < 0.03) return;
    if (told < 0.05) tell(agent, stay, lasted + random.whole(200, 1_500));
    else if (told < 0.07) tell(agent, stay, Math.max(0, lasted - random.whole(200, 1_500)));
    else tell(agent, stay, lasted);
  }

  function tell(agent: Agent, stay: Stay, duration: number | null): void {
    const { tenantId } = world;
    const { state, description, since } = stay;
    const start = isoOf(since);
    world.tell(
      { source: 'vonage', tenantId, agentId: agent.agentId, start, duration, state, description },
      UNKNOWN_STATES.has(state),
    );
  }

  /** Leaves the state after about this long, unless something else has moved the agent by then. */
  function leaveAfter(agent: Agent, stay: Stay, medianMs: number, act: () => void): void {
    world.after(Math.round(random.logNormal(medianMs, 0.5)), () => {
      if (stays.get(agent) === stay) act();
    });
  }

  function ready(agent: Agent): void {
    const stay = move(agent, 'Ready', 'Ready');
    world.after(Math.round(random.exponential(OTHER_WORK_EVERY_MS)), () => {
      if (stays.get(agent) === stay) otherWork(agent);
    });
    world.after(random.whole(NOTICED_FROM_MS, NOTICED_TO_MS), () => {
      if (stays.get(agent) === stay) onFree(agent);
    });
  }

  function otherWork(agent: Agent): void {
    const kind = random.pick(['Semi-Live', 'Non-Live']);
    leaveAfter(agent, move(agent, 'Busy', kind), OTHER_WORK_MEDIAN_MS, () =>
      leaveAfter(agent, move(agent, 'Wrap', kind), WRAP_MEDIAN_MS, () => ready(agent)),
    );
  }

  function afterCall(agent: Agent): void {
    const rest = restAfterCall(random);
    if (rest === 'ready') ready(agent);
    else leaveAfter(agent, move(agent, rest.state, random.pick(rest.descriptions)), rest.medianMs, () => ready(agent));
  }

  return {
    agents,
    isFree: (agent) => {
      const stay = stays.get(agent);
      // Not in the very millisecond: two states with one start would not tell which of them came first.
      return stay?.state === 'Ready' && stay.since < world.now();
    },
    occupy: (agent) => void move(agent, 'Busy', CALL),
    falter: (agent) =>
      leaveAfter(agent, move(agent, 'Failed', CALL), FAULT_MEDIAN_MS, () => void move(agent, 'Busy', CALL)),
    release: ready,
    wrapUp: (agent) => leaveAfter(agent, move(agent, 'Wrap', CALL), WRAP_MEDIAN_MS, () => afterCall(agent)),
    unreachable: (agent) =>
      leaveAfter(agent, move(agent, 'Unexpected', CALL), UNREACHABLE_MEDIAN_MS, () => ready(agent)),
    comeIn: (agent, afterMs) => world.after(afterMs, () => ready(agent)),
  };
}
