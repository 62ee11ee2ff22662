import type { SubjectKind } from '@callfold/core';
import { TENANT } from '@callfold/core';
import { readMoment } from '@callfold/engine';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { explainOn } from '../explain-on.ts';
import { onSite } from '../on-site.ts';

export type ExplainOptions = { readonly tenant: string; readonly at?: string; readonly archive?: string };

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
  const query = {
    kind,
    id,
    tenantId: tenant,
    ...(moment && { at: moment }),
    ...(archive !== undefined && { archive }),
  };
  return onSite('explain', query, context, explainOn);
}
