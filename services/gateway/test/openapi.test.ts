import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { PROBLEMS } from '../src/problem.ts';
import { openGateway } from './gateway-harness.ts';

test('what is served is valid OpenAPI 3.1, and says every answer that there is', async () => {
  const gateway = await openGateway();
  try {
    const answer = await fetch(`${gateway.url}/v1/openapi.json`);
    const api = (await answer.json()) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
      components: { schemas: Record<string, { required?: string[]; properties?: Record<string, unknown> }> };
    };
    const validator = new Validator();
    const { valid, errors } = await validator.validate(api);
    expect(errors).toBeUndefined();
    expect([valid, validator.version]).toEqual([true, '3.1']);
    const statuses = new Set(
      Object.values(api.paths).flatMap((path) =>
        Object.values(path).flatMap(({ responses }) => Object.keys(responses)),
      ),
    );
    for (const [status] of Object.values(PROBLEMS)) expect(statuses).toContain(String(status));
    // The shapes are those of the schemas.
    expect(api.components.schemas['RawEvent-vonage']).toMatchObject({
      required: ['source', 'agentId', 'start'],
      properties: { duration: { type: ['integer', 'null'] }, agentId: { type: ['string', 'integer'], maxLength: 256 } },
    });
    // Every path that is said is there, and answers something of its own.
    for (const path of Object.keys(api.paths)) {
      const isGet = path.endsWith('.json');
      const there = await fetch(gateway.url + path.replace('{source}', 'atlas'), { method: isGet ? 'GET' : 'POST' });
      expect(((await there.json()) as { code?: string }).code ?? 'none', path).not.toBe('no-such-path');
    }
  } finally {
    await gateway.close();
  }
});
