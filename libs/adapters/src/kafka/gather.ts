/**
 * Questions about single partitions that are asked at the same time go in one request. A broker answers the requests of
 * a connection one after the other, and who claims eighty partitions asks each of them the same.
 */

import type { At } from '@callfold/engine';

export type Question = { readonly at: At };

type Waiting<Asked, Answer> = {
  readonly question: Asked;
  readonly name: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
};

const nameOf = ({ at }: Question): string => `${at.topic}/${at.partition}`;

/**
 * @param send answers in the order of the questions, in which no partition comes twice; what it throws, all get
 * @param most in one request
 * @returns asks: at once when nothing is under way, otherwise with what else has come when the answers are there
 */
export function gathering<Asked extends Question, Answer>(
  send: (questions: readonly Asked[]) => Promise<readonly Answer[]>,
  most: number,
): (question: Asked) => Promise<Answer> {
  let waiting: Waiting<Asked, Answer>[] = [];
  let isUnderWay = false;

  /** The first of each partition that waits; the others stay. */
  function next(): readonly Waiting<Asked, Answer>[] {
    const some = new Map<string, Waiting<Asked, Answer>>();
    const rest: Waiting<Asked, Answer>[] = [];
    for (const one of waiting) {
      if (some.size < most && !some.has(one.name)) some.set(one.name, one);
      else rest.push(one);
    }
    waiting = rest;
    return [...some.values()];
  }

  async function answerSome(): Promise<void> {
    const some = next();
    try {
      const answers = await send(some.map(({ question }) => question));
      some.forEach(({ resolve, reject, name }, index) => {
        const answer = answers[index];
        if (answer === undefined) reject(new Error(`${name}: asked of, and without an answer`));
        else resolve(answer);
      });
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }

  async function answerAll(): Promise<void> {
    while (waiting.length > 0) await answerSome();
    isUnderWay = false;
  }

  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, name: nameOf(question), resolve, reject });
      if (isUnderWay) return;
      isUnderWay = true;
      // Who asks in the same turn comes along.
      setImmediate(() => void answerAll());
    });
}
