import { rawTopic, SOURCES } from '@callfold/core';
import type { PartitionStatus } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { askDev } from '../nearby.ts';
import type { RoleName, Site } from '../site.ts';
import type { GenerationRow } from '../generations.ts';
import { generationRows, generationText } from '../generations.ts';
import { openKafkaSite } from '../kafka-site.ts';
import { tableLines } from '../table.ts';

type Row = {
  readonly role: string;
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number | null;
  readonly position: number | null;
  readonly end: number;
  readonly lag: number;
  readonly outbox: number | null;
  /** When the next timer is due, epoch ms. */
  readonly nextTimer: number | null;
  readonly problem: string | null;
};

/** What `/v1/status` of `callfold dev` answers. */
export type DevStatus = {
  readonly services: readonly {
    readonly role: string;
    readonly partitions: readonly (PartitionStatus & { readonly problem: string | null })[];
  }[];
};

const ROLES: readonly RoleName[] = ['projector', 'outcomes'];

async function rowOf(site: Site, role: RoleName, topic: string, partition: number): Promise<Row> {
  const at = { topic, partition };
  const [stored, bounds, timers] = await Promise.all([
    site.store(role).peek(at),
    site.log(role).bounds(at),
    site.store(role).timers(at, Infinity, 1),
  ]);
  const position = stored?.next ?? null;
  const outbox = role === 'outcomes' ? (await site.store(role).outbox(at)).length : null;
  const tooLow = position !== null && position < bounds.start ? `${bounds.start - position} records are gone` : null;
  const lag = Math.max(0, bounds.end - (position ?? bounds.start));
  const epoch = stored?.claim.epoch ?? null;
  const neverRun = position === null && lag > 0 ? `never folded: start it with \`callfold serve ${role}\`` : null;
  const nextTimer = timers[0]?.due ?? null;
  return {
    role,
    topic,
    partition,
    epoch,
    position,
    end: bounds.end,
    lag,
    outbox,
    nextTimer,
    problem: tooLow ?? neverRun,
  };
}

type Found = { readonly rows: Row[]; readonly generations: GenerationRow[] };

async function foundOnKafka(context: Context): Promise<Found> {
  const site = await openKafkaSite(context.config, context.say);
  try {
    const rows: Row[] = [];
    for (const role of ROLES) {
      for (const source of SOURCES) {
        const topic = rawTopic(source);
        const partitions = await site.partitions(topic);
        for (let partition = 0; partition < partitions; partition += 1)
          rows.push(await rowOf(site, role, topic, partition));
      }
    }
    return { rows, generations: await generationRows(site) };
  } finally {
    await site.close();
  }
}

async function rowsOfDev(context: Context): Promise<Row[]> {
  const answer = await askDev(context.config, '/v1/status');
  const { services } = (await answer.json()) as DevStatus;
  return services.flatMap(({ role, partitions }) =>
    partitions.map((one) => {
      const lag = Math.max(0, (one.end ?? 0) - (one.position ?? 0));
      return {
        role,
        ...one.at,
        epoch: one.epoch,
        position: one.position,
        end: one.end ?? 0,
        lag,
        outbox: role === 'outcomes' ? one.waiting : null,
        nextTimer: one.nextDue,
        problem: one.problem,
      };
    }),
  );
}

function table(rows: readonly Row[]): string {
  const head = ['ROLE', 'TOPIC', 'PART', 'EPOCH', 'POSITION', 'END', 'LAG', 'OUTBOX', 'NEXT TIMER'];
  const body = rows.map((row) => [
    row.role,
    row.topic,
    row.partition,
    row.epoch,
    row.position,
    row.end,
    row.lag,
    row.outbox,
    row.nextTimer === null ? null : new Date(row.nextTimer).toISOString(),
  ]);
  return tableLines(head, body).join('\n');
}

/** `callfold status`: where every partition of every role stands, and what is wrong. */
export async function status(context: Context): Promise<Exit> {
  const { rows, generations } = context.config.kafka
    ? await foundOnKafka(context)
    : { rows: await rowsOfDev(context), generations: [] };
  const problems = rows.filter(({ problem }) => problem !== null);
  if (context.json) context.out(`${JSON.stringify({ partitions: rows, generations })}\n`);
  else context.out(`${[table(rows), ...generations.map(generationText)].join('\n')}\n`);
  for (const { role, topic, partition, problem } of problems) context.say(`${role} ${topic}/${partition}: ${problem}`);
  if (rows.length === 0) context.say('No partition is assigned yet: ask again in a moment.');
  const isWell = problems.length === 0 && rows.length > 0;
  if (isWell) context.say('Nothing is wrong.');
  return isWell ? EXIT.done : EXIT.failed;
}
