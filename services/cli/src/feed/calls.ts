import type { Say } from './lines.ts';
import {
  CONTACT,
  CRM_REGISTERED,
  ENDED,
  joinLine,
  leaveLine,
  NO_ANSWER,
  RECORDED,
  REDIRECTED,
  REGISTERED,
  requestLine,
  screenLine,
} from './lines.ts';
import type { Random } from './random.ts';
import type { CallLogLine, World } from './raw.ts';
import { isoOf } from './raw.ts';
import type { Agent, Staff } from './staff.ts';
import { startTalk } from './talk.ts';

/** Calls of people, told in the CallCenter24 words, from the first ring until an agent is in or nobody will be. */

export type Queue = {
  readonly name: string;
  readonly everyMs: number;
  readonly talkMedianMs: number;
  /** How long a caller waits before the mailbox takes over; null: there is none. */
  readonly voicemailAfterMs: number | null;
};

/**
 * A caller of the opening: comes at this time, waits this long for an agent after joining, and does reach the queue.
 */
export type Caller = { readonly afterMs: number; readonly queue: string; readonly patienceMs: number };

type Call = {
  readonly queue: Queue;
  readonly say: Say;
  stage: 'waiting' | 'ringing' | 'over';
  /** Agents who ring now, and which round of ringing it is. */
  ringing: readonly Agent[];
  round: number;
};

type Desk = {
  readonly world: World;
  readonly random: Random;
  readonly staff: Staff;
  /** Callers in the order in which they are served. */
  readonly lines: ReadonlyMap<Queue, Call[]>;
};

export type CallCentre = {
  readonly start: (opening: readonly Caller[]) => void;
  /** An agent has become free. */
  readonly agentFree: (agent: Agent) => void;
};

const MAX_WAITING = 12;
const PATIENCE_MEDIAN_MS = 26_000;
const CRM_REGISTERS = 0.95;
const LEAVES_BEFORE_QUEUE = 0.03;
const BUSY_AGENT_ASKED = 0.3;
const RINGS_TWO = 0.12;
const PICKS_UP = 0.82;
/** After the first ring-out, the second, and so on: nobody is asked any more, the call is torn down. */
const GIVES_UP = [0.15, 0.5, 1];
const LEAVES_A_MESSAGE = 0.6;
const CAMPAIGNS = ['organic', 'search-ads', 'newsletter'];

export function createCalls(world: World, random: Random, queues: readonly Queue[], staff: Staff): CallCentre {
  const desk: Desk = { world, random, staff, lines: new Map(queues.map((queue) => [queue, []])) };
  let made = 0;
  const arrive = (queue: Queue, patienceMs: number | null) => {
    made += 1;
    register(desk, queue, `CA${world.run}-${made}`, patienceMs);
  };
  const keepComing = (queue: Queue) => {
    world.after(random.exponential(queue.everyMs), () => {
      arrive(queue, null);
      keepComing(queue);
    });
  };
  return {
    start: (opening) => {
      for (const { afterMs, queue: name, patienceMs } of opening) {
        const queue = queues.find((one) => one.name === name);
        if (queue === undefined) throw new Error(`calls: the opening names the queue "${name}", which there is not`);
        world.after(afterMs, () => arrive(queue, patienceMs));
      }
      queues.forEach(keepComing);
    },
    agentFree: (agent) => {
      for (const queue of queues) {
        if (agent.queues.includes(queue.name) && staff.isFree(agent)) serve(desk, queue);
      }
    },
  };
}

/** @param patienceMs of a caller of the opening; null: drawn, and the caller may not reach the queue at all */
function register(desk: Desk, queue: Queue, callId: string, patienceMs: number | null): void {
  const { world, random } = desk;
  const line = (status: string): CallLogLine => ({
    source: 'callcenter24',
    tenantId: world.tenantId,
    callId,
    occurredAt: isoOf(world.now()),
    status,
  });
  const number = `+1 555 01${String(random.whole(0, 99)).padStart(2, '0')}`;
  const attributes = { queue: queue.name, campaign: random.pick(CAMPAIGNS), number };
  world.tell({ ...line(REGISTERED), attributes });
  const say: Say = (status, unknownWord = false) => world.tell(line(status), unknownWord);
  const call: Call = { queue, say, stage: 'waiting', ringing: [], round: 0 };
  if (random.chance(CRM_REGISTERS)) world.after(random.whole(150, 900), () => say(CRM_REGISTERED));
  const turnedAway = waitingIn(desk, queue).length >= MAX_WAITING || random.chance(LEAVES_BEFORE_QUEUE);
  if (patienceMs === null && turnedAway) {
    world.after(random.whole(1_000, 4_000), () => say(ENDED));
    return;
  }
  const waits = patienceMs ?? random.logNormal(PATIENCE_MEDIAN_MS, 0.9);
  world.after(random.whole(500, 2_000), () => join(desk, call, waits));
}

function join(desk: Desk, call: Call, patienceMs: number): void {
  const { world, random } = desk;
  const { voicemailAfterMs } = call.queue;
  call.say(joinLine(CONTACT));
  waitingIn(desk, call.queue).push(call);
  if (Number.isFinite(patienceMs)) world.after(patienceMs, () => abandon(desk, call));
  if (voicemailAfterMs !== null) world.after(voicemailAfterMs, () => redirect(desk, call));
  serve(desk, call.queue);
  if (call.stage === 'waiting' && random.chance(BUSY_AGENT_ASKED)) askBusyAgent(desk, call);
}

/** The CRM is asked even for an agent who cannot take the call; no screen opens. */
function askBusyAgent({ random, staff }: Desk, call: Call): void {
  const busy = staff.agents.filter((one) => one.queues.includes(call.queue.name) && !staff.isFree(one));
  if (busy.length > 0) call.say(requestLine(random.pick(busy), 'Busy'));
}

/** First come, first served, as long as agents are free. */
function serve(desk: Desk, queue: Queue): void {
  const line = waitingIn(desk, queue);
  while (line.length > 0) {
    const free = desk.staff.agents.filter((one) => one.queues.includes(queue.name) && desk.staff.isFree(one));
    const call = free.length === 0 ? undefined : line.shift();
    if (call === undefined) return;
    ring(desk, call, free);
  }
}

function ring(desk: Desk, call: Call, free: readonly Agent[]): void {
  const { world, random, staff } = desk;
  const first = random.pick(free);
  const second = free.find((one) => one !== first);
  const agents = second !== undefined && random.chance(RINGS_TWO) ? [first, second] : [first];
  call.stage = 'ringing';
  call.ringing = agents;
  call.round += 1;
  const { round } = call;
  const inThisRound = (act: () => void) => () => {
    if (call.stage === 'ringing' && call.round === round) act();
  };
  for (const agent of agents) {
    staff.occupy(agent);
    call.say(requestLine(agent, 'Available'));
    world.after(
      random.whole(150, 900),
      inThisRound(() => call.say(screenLine(agent))),
    );
  }
  const [answersAfterMs, ringsForMs] = [random.whole(1_500, 7_000), random.whole(12_000, 20_000)];
  if (random.chance(PICKS_UP)) {
    world.after(
      answersAfterMs,
      inThisRound(() => answer(desk, call, random.pick(agents))),
    );
  } else {
    world.after(
      ringsForMs,
      inThisRound(() => ringOut(desk, call)),
    );
  }
}

function answer(desk: Desk, call: Call, agent: Agent): void {
  const { world, random, staff } = desk;
  const others = close(desk, call).filter((one) => one !== agent);
  call.say(joinLine(agent.name));
  startTalk({ world, random, staff, say: call.say, medianMs: call.queue.talkMedianMs }, agent);
  others.forEach(staff.release);
}

function ringOut(desk: Desk, call: Call): void {
  const { world, random, staff } = desk;
  const agents = call.ringing;
  call.ringing = [];
  call.say(NO_ANSWER);
  agents.forEach(staff.unreachable);
  if (!random.chance(GIVES_UP[call.round - 1] ?? 1)) {
    call.stage = 'waiting';
    waitingIn(desk, call.queue).unshift(call);
    serve(desk, call.queue);
    return;
  }
  call.stage = 'over';
  world.after(random.whole(300, 3_000), () => {
    if (random.chance(0.85)) call.say(leaveLine(CONTACT));
    world.after(random.whole(20, 400), () => call.say(ENDED));
  });
}

function abandon(desk: Desk, call: Call): void {
  if (call.stage === 'over') return;
  const { world, random, staff } = desk;
  const agents = close(desk, call);
  const leaveTold = random.chance(0.96);
  if (leaveTold) call.say(leaveLine(CONTACT));
  if (!leaveTold || random.chance(0.93)) world.after(random.whole(20, 600), () => call.say(ENDED));
  agents.forEach(staff.release);
}

function redirect(desk: Desk, call: Call): void {
  if (call.stage === 'over') return;
  const { world, random, staff } = desk;
  const agents = close(desk, call);
  call.say(REDIRECTED);
  world.after(random.whole(2_500, 15_000), () => {
    call.say(leaveLine(CONTACT));
    if (random.chance(0.9)) world.after(random.whole(20, 600), () => call.say(ENDED));
    if (random.chance(LEAVES_A_MESSAGE)) world.after(random.whole(2_000, 25_000), () => call.say(RECORDED));
  });
  agents.forEach(staff.release);
}

/** Nobody waits or rings for this call any more. Answers the agents who rang until now; they are still busy. */
function close(desk: Desk, call: Call): readonly Agent[] {
  const line = waitingIn(desk, call.queue);
  const place = line.indexOf(call);
  if (place >= 0) line.splice(place, 1);
  const agents = call.ringing;
  call.stage = 'over';
  call.ringing = [];
  return agents;
}

function waitingIn({ lines }: Desk, queue: Queue): Call[] {
  const line = lines.get(queue);
  if (line === undefined) throw new Error(`calls: no line for the queue "${queue.name}"`);
  return line;
}
