// @ts-check
import { callsOf } from '../stage.mjs';
import { says } from './says.mjs';

/** @type {import('./index.mjs').Scene} */
export const redisLost = {
  async before(stage) {
    await Promise.all([stage.serve('projector'), stage.serve('outcomes')]);
    await stage.publish(callsOf('call', 60));
    await stage.level();
    const flushed = await stage.shell(`redis-cli -u ${stage.redisUrl} FLUSHALL`);
    if (!flushed.out.includes('OK')) throw new Error(flushed.err);
  },
  steps: {
    'What you see': { code: 1, after: (ended) => says(ended, /its state is lost.*callfold recover/) },
    'Look first': { code: 0, after: (ended) => says(ended, /callfold\.call-outcomes: \d+ stand as they are\n/) },
    'Do it': { code: 0, after: (_ended, stage) => stage.level() },
    'Is it well again': { code: 0, after: (ended) => says(ended, 'Identical') },
  },
};
