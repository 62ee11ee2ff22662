import type { SubjectKind } from '@callfold/core';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { explanationJson, explanationText } from '../explanation.ts';
import { askDev } from '../nearby.ts';
import { explainSubject } from '../subject.ts';
import { openKafkaSite } from '../wiring/kafka.ts';

export type ExplainOptions = { readonly tenant: string };

async function fromDev(
  kind: SubjectKind,
  id: string,
  { tenant }: ExplainOptions,
  context: Context,
): Promise<string | null> {
  const path = `/v1/explain/${kind}/${encodeURIComponent(id)}?tenant=${encodeURIComponent(tenant)}`;
  const accept = context.json ? 'application/json' : 'text/plain';
  const answer = await askDev(context.config, path, { headers: { accept } });
  return answer.ok ? answer.text() : null;
}

async function fromKafka(
  kind: SubjectKind,
  id: string,
  { tenant }: ExplainOptions,
  context: Context,
): Promise<string | null> {
  const site = await openKafkaSite(context.config, context.say);
  let saidAt = Date.now();
  const progress = (offset: number, end: number): void => {
    if (Date.now() - saidAt < 1_000) return;
    saidAt = Date.now();
    context.say(`read ${offset} of ${end} records of the partition`);
  };
  try {
    const found = await explainSubject(site, { kind, id, tenantId: tenant }, context.config.settings, progress);
    if (found.length === 0) return null;
    return context.json
      ? JSON.stringify({ explanations: found.map(explanationJson) })
      : found.map(explanationText).join('\n');
  } finally {
    await site.close();
  }
}

/** `callfold explain`: timeline, each event's effect, the rule behind each record. */
export async function explainCommand(
  kind: SubjectKind,
  id: string,
  options: ExplainOptions,
  context: Context,
): Promise<Exit> {
  const text = context.config.kafka
    ? await fromKafka(kind, id, options, context)
    : await fromDev(kind, id, options, context);
  if (text === null) {
    context.say(
      `No events of ${kind} ${id} of tenant ${options.tenant} are in the log. Ids are taken as they are written; --tenant names another tenant.`,
    );
    return EXIT.failed;
  }
  context.out(text.endsWith('\n') ? text : `${text}\n`);
  return EXIT.done;
}
