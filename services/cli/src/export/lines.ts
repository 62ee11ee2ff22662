import type { RecordSchema, Topic } from '@callfold/schemas';
import { toJson } from '@callfold/schemas';
import type { Output } from './output.ts';

/** Derived records as text: NDJSON, and CSV with a line of names. */

/** Written at once. */
const BATCH_LINES = 1_000;

async function writeLines(lines: AsyncIterable<string>, output: Output): Promise<void> {
  let batch: string[] = [];
  const flush = async (): Promise<void> => {
    const text = batch.join('');
    batch = [];
    if (text !== '') await output.write(Buffer.from(text));
  };
  for await (const line of lines) {
    batch.push(line);
    if (batch.length >= BATCH_LINES) await flush();
  }
  await flush();
}

export async function writeNdjson(topic: Topic, records: AsyncIterable<object>, output: Output): Promise<void> {
  async function* lines(): AsyncGenerator<string> {
    for await (const record of records) yield `${JSON.stringify(toJson(topic, record))}\n`;
  }
  await writeLines(lines(), output);
}

/**
 * RFC 4180 with lines that end at \n. Null is an empty cell, an empty text is "": whoever reads can tell them apart.
 * Lists, maps and records are their JSON.
 */
function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export async function writeCsv(
  topic: Topic,
  schema: RecordSchema,
  records: AsyncIterable<object>,
  output: Output,
): Promise<void> {
  const names = schema.fields.map(({ name }) => name);
  async function* lines(): AsyncGenerator<string> {
    yield `${names.join(',')}\n`;
    for await (const record of records) {
      const json = toJson(topic, record);
      yield `${names.map((name) => cell(json[name])).join(',')}\n`;
    }
  }
  await writeLines(lines(), output);
}
