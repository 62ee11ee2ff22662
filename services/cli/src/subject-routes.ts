import type { FastifyInstance } from '@callfold/adapters';
import type { Settings, SubjectKind } from '@callfold/core';
import { KIND_OF, TENANT } from '@callfold/core';
import type { SubjectQuery } from '@callfold/engine';
import { explanationJson, readMoment, rulesOf } from '@callfold/engine';
import { OUTCOMES } from '@callfold/outcomes';
import { explanationText } from './explanation.ts';
import type { Site } from './site.ts';
import { answerSubject, DEFAULT_TENANT } from './subject.ts';

/** What `callfold dev` answers about single subjects: explanations, at any moment of the past. */

type Parts = { readonly site: Site; readonly settings: Settings };

const KINDS: readonly SubjectKind[] = [...new Set(Object.values(KIND_OF))];

type Asked = {
  readonly kind: string;
  readonly id: string;
  readonly tenant?: string | undefined;
  readonly at?: string | undefined;
};

/** @returns a text that says what is wrong with what was asked */
function queryOf({ kind, id, tenant = DEFAULT_TENANT, at }: Asked): SubjectQuery | string {
  const known = KINDS.find((one) => one === kind);
  if (known === undefined) return `${JSON.stringify(kind)} is none of ${KINDS.join(', ')}.`;
  if (!TENANT.test(tenant)) return `The tenant ${JSON.stringify(tenant)} does not match ${TENANT.source}.`;
  const moment = at === undefined ? null : readMoment(at);
  if (typeof moment === 'string') return `at: ${moment}`;
  return { kind: known, id, tenantId: tenant, ...(moment && { at: moment }) };
}

export function addSubjectRoutes(app: FastifyInstance, { site, settings }: Parts): void {
  const rules = rulesOf(OUTCOMES, settings);

  // An id may be longer than a named parameter: the rest of the path is not limited.
  app.get<{ Params: { kind: string; '*': string }; Querystring: { tenant?: string; at?: string } }>(
    '/v1/explain/:kind/*',
    async (request, reply) => {
      const asText = request.headers.accept === 'text/plain';
      const { kind, '*': id } = request.params;
      const query = queryOf({ kind, id, ...request.query });
      if (typeof query === 'string') {
        return reply.code(400).send(asText ? query : { error: query });
      }
      const answer = await answerSubject(site, query, rules);
      if (answer.found === null) {
        const { message, similar } = answer;
        return reply.code(404).send(asText ? message : { explanations: [], error: message, similar });
      }
      if (asText) return reply.type('text/plain').send(answer.found.map(explanationText).join('\n'));
      return reply.send({ explanations: answer.found.map(explanationJson) });
    },
  );
}
