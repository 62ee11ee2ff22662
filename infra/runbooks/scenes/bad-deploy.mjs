// @ts-check
import { callsOf } from '../stage.mjs';
import { says } from './says.mjs';

const CALLS = 60;
/** One call in three is sent to voicemail. */
const WRONG = CALLS / 3;
const BUG = new URL('../../../services/cli/test/voicemail-bug.mjs', import.meta.url).href;

/** @type {import('./index.mjs').Scene} */
export const badDeploy = {
  async before(stage) {
    const bad = { NODE_OPTIONS: `--import ${BUG}` };
    await Promise.all([stage.serve('projector', bad), stage.serve('outcomes', bad)]);
    await stage.publish(callsOf('call', CALLS));
    await stage.level();
    await Promise.all([stage.stop('projector'), stage.stop('outcomes')]);
    await Promise.all([stage.serve('projector'), stage.serve('outcomes')]);
    await stage.publish(callsOf('since', 6));
    await stage.level();
  },
  steps: {
    'What you see': { code: 3, after: (ended) => says(ended, /different: call-outcome .*call-\d+/) },
    'Which outcomes are wrong': {
      code: 3,
      after: (ended) => says(ended, new RegExp(`To publish ${WRONG} as their next revisions`)),
    },
    'Publish the right ones': {
      code: 0,
      after: (ended) => says(ended, `${WRONG} of ${WRONG} differences are published.`),
    },
    'Fold the aggregates anew': { code: 0, after: (ended) => says(ended, 'callfold diff 1 mended') },
    'See what changes': { code: 3, after: (ended) => says(ended, `${WRONG} differ`) },
    'Change over': { code: 0, after: (ended) => says(ended, 'Readers see mended now') },
    'Is it well again': { code: 0, after: (ended) => says(ended, 'Identical') },
    Later: { code: 0, after: (ended) => says(ended, '1 is gone') },
  },
};
