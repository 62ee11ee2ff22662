import { placeText, rulesOf } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import type { SubjectKind } from '@callfold/core';
import { TENANT } from '@callfold/core';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { explanationJson, explanationText } from '../explanation.ts';
import { askDev } from '../nearby.ts';
import type { LiveSubject } from '../live-subject.ts';
import { liveJson, liveText, lookAtLive } from '../live-subject.ts';
import type { Progress as Bar } from '../progress.ts';
import { createProgress } from '../progress.ts';
import { siteWith } from '../archiving.ts';
import type { Answer, Progress, SubjectQuery } from '../subject.ts';
import { answerSubject, readMoment } from '../subject.ts';
import { openKafkaSite } from '../kafka-site.ts';

export type ExplainOptions = { readonly tenant: string; readonly at?: string; readonly archive?: string };

type Told = { readonly text: string } | { readonly exit: Exit; readonly problem: string };

/** Its own words of what is wrong: a text, or a field of JSON, which is what a server that failed answers with. */
function problemIn(text: string, type: string): string {
  if (!type.includes('json')) return text;
  const { error, message } = JSON.parse(text) as { readonly error?: string; readonly message?: string };
  return message ?? error ?? text;
}

async function fromDev({ kind, id, tenantId }: SubjectQuery, at: string | undefined, context: Context): Promise<Told> {
  const asked = new URLSearchParams({ tenant: tenantId, ...(at !== undefined && { at }) });
  const accept = context.json ? 'application/json' : 'text/plain';
  const answer = await askDev(context.config, `/v1/explain/${kind}/${encodeURIComponent(id)}?${asked.toString()}`, {
    headers: { accept },
  });
  const text = await answer.text();
  if (answer.ok) return { text };
  const problem = problemIn(text, answer.headers.get('content-type') ?? '');
  if (answer.status === 404) return { exit: EXIT.failed, problem };
  return { exit: answer.status === 400 ? EXIT.usage : EXIT.failed, problem };
}

/** One bar for each partition that is read. */
function createTold({ say }: Context): { readonly progress: Progress; end(): void } {
  const known = new Map<string, Bar>();
  let last: Bar | undefined;
  return {
    progress(offset, start, end, at) {
      const name = placeText(at);
      const bar = known.get(name) ?? createProgress({ noun: `records of ${name}`, total: end - start, say });
      known.set(name, bar);
      if (last !== bar) last?.end();
      last = bar;
      bar.at(offset - start);
    },
    end: () => void last?.end(),
  };
}

/** @param lives beside each explanation, where it was looked at */
function toldOf(answer: Answer, lives: readonly LiveSubject[], json: boolean): Told {
  if (answer.found === null) return { exit: EXIT.failed, problem: answer.message };
  const each = answer.found.map((explained, index) => ({ explained, live: lives[index] }));
  if (!json) {
    return {
      text: each.map(({ explained, live }) => explanationText(explained) + (live ? liveText(live) : '')).join('\n'),
    };
  }
  const explanations = each.map(({ explained, live }) => ({
    ...explanationJson(explained),
    ...(live && { live: liveJson(live) }),
  }));
  return { text: JSON.stringify({ explanations }) };
}

async function fromKafka(query: SubjectQuery, archive: string | undefined, context: Context): Promise<Told> {
  const { config } = context;
  const site = await openKafkaSite(config, context.say);
  const told = createTold(context);
  try {
    const rules = rulesOf(OUTCOMES, config.settings);
    const answer = await answerSubject(siteWith(site, archive, config), query, rules, told.progress);
    told.end();
    const lives: LiveSubject[] = [];
    // What stands is of now: beside a moment in the past it would be another story.
    for (const explained of (query.at === undefined && answer.found) || [])
      lives.push(await lookAtLive({ site, settings: config.settings, explained, say: context.say }));
    return toldOf(answer, lives, context.json);
  } finally {
    told.end();
    await site.close();
  }
}

/** `callfold explain`: timeline, each event's effect, what was published and why, the rule behind each record. */
export async function explainCommand(
  kind: SubjectKind,
  id: string,
  { tenant, at, archive }: ExplainOptions,
  context: Context,
): Promise<Exit> {
  const moment = at === undefined ? null : readMoment(at);
  if (typeof moment === 'string') {
    context.say(`callfold explain --at: ${moment}`);
    return EXIT.usage;
  }
  if (!TENANT.test(tenant)) {
    context.say(`callfold explain --tenant: ${JSON.stringify(tenant)} does not match ${TENANT.source}.`);
    return EXIT.usage;
  }
  if (archive !== undefined && !context.config.kafka) {
    context.say(
      'callfold explain --archive: an archive is read beside the topics of Kafka, and CALLFOLD_KAFKA_BROKERS is not set. ' +
        'Set it, or leave --archive out to ask the `callfold dev` nearby.',
    );
    return EXIT.usage;
  }
  const query = { kind, id, tenantId: tenant, ...(moment && { at: moment }) };
  const told = context.config.kafka ? await fromKafka(query, archive, context) : await fromDev(query, at, context);
  if ('problem' in told) {
    context.say(told.problem);
    return told.exit;
  }
  context.out(told.text.endsWith('\n') ? told.text : `${told.text}\n`);
  return EXIT.done;
}
