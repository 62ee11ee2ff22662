// @ts-check
import { callsOf, isFirst } from '../stage.mjs';
import { says } from './says.mjs';

const CALLS = 6;
/** A day, made short: silence closes a call, and a closed one is dropped. */
const SHORT = { CALLFOLD_CLOSE_AFTER_MS: '2000', CALLFOLD_DROP_AFTER_MS: '3000' };

/** @type {import('./index.mjs').Scene} */
export const lateUpstream = {
  async before(stage) {
    Object.assign(stage.env, SHORT);
    await Promise.all([stage.serve('projector'), stage.serve('outcomes')]);
    const events = callsOf('torn', CALLS);
    await stage.publish(events.filter(isFirst));
    // They fall silent, are closed as inferred, and dropped.
    await stage.until('the calls are dropped', async () => {
      const { out } = await stage.callfold(['explain', 'call', `torn-${CALLS - 1}`, '--json']);
      return out.includes('"standing":"dropped"');
    });
    await stage.publish([...events.filter((one) => !isFirst(one)), ...callsOf('whole', 3)]);
    await stage.until('the late ones are folded', async () =>
      (await stage.status()).partitions.every(({ lag }) => lag === 0),
    );
  },
  steps: {
    'What you see': { code: 0, after: (ended) => says(ended, /\d+ dead letters so far/) },
    'Which calls are torn': { code: 0, after: (ended) => says(ended, /too-late/) },
    'What is said of one of them': { code: 0, after: (ended) => says(ended, /closed, and its events dropped/) },
    'Calls that came whole': { code: 0, after: (ended) => says(ended, /call whole-0 .*/) },
    'Put the letters aside': { code: 0 },
    'Is it well again': { code: 0, after: (ended) => says(ended, 'Identical') },
  },
};
