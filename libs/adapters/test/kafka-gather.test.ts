import { describe, expect, it } from 'vitest';
import { gathering } from '../src/kafka/gather.ts';

const at = (partition: number) => ({ topic: 'topic', partition });

/** Requests as they are sent; each is answered when it is told to be. */
function openScene(most = 10) {
  const requests: { readonly partitions: number[]; answer(how?: Error): void }[] = [];
  let sent = () => {};
  const ask = gathering(
    (questions: readonly { readonly at: ReturnType<typeof at> }[]) =>
      new Promise<number[]>((resolve, reject) => {
        const partitions = questions.map((question) => question.at.partition);
        const answer = (error?: Error) =>
          error === undefined ? resolve(partitions.map((partition) => partition * 10)) : reject(error);
        requests.push({ partitions, answer });
        sent();
      }),
    most,
  );
  async function request(number: number) {
    while (requests.length <= number) {
      await new Promise<void>((resolve) => {
        sent = resolve;
      });
    }
    const found = requests[number];
    if (found === undefined) throw new Error('unreachable');
    return found;
  }
  return { ask: (partition: number) => ask({ at: at(partition) }), request, requests };
}

describe('questions that are asked at the same time', () => {
  it('go in one request, and what comes meanwhile in the next', async () => {
    const { ask, request, requests } = openScene();
    const first = Promise.all([ask(1), ask(2)]);
    const one = await request(0);
    const second = Promise.all([ask(3), ask(1)]);
    expect(requests).toHaveLength(1);
    one.answer();
    expect(await first).toEqual([10, 20]);
    (await request(1)).answer();
    expect(await second).toEqual([30, 10]);
    expect(requests.map(({ partitions }) => partitions)).toEqual([
      [1, 2],
      [3, 1],
    ]);
  });

  it('are of different partitions in each request, and no more than so many', async () => {
    const { ask, request, requests } = openScene(2);
    const all = Promise.all([ask(1), ask(1), ask(2), ask(3), ask(1)]);
    for (const number of [0, 1, 2]) (await request(number)).answer();
    expect(await all).toEqual([10, 10, 20, 30, 10]);
    expect(requests.map(({ partitions }) => partitions)).toEqual([[1, 2], [1, 3], [1]]);
  });

  it('fail together, and those after them do not', async () => {
    const { ask, request } = openScene();
    const first = Promise.allSettled([ask(1), ask(2)]);
    const one = await request(0);
    const later = ask(3);
    one.answer(new Error('gone'));
    expect((await first).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    (await request(1)).answer();
    expect(await later).toBe(30);
  });
});
