import { parentPort, workerData } from 'node:worker_threads';
import { createLogger, readConfig } from '@callfold/adapters';
import { createMember } from './member.ts';
import { createStop, endAnyway } from './stop.ts';
import type { ThreadData } from './thread-link.ts';
import { answerAsks, tellFailure } from './thread-link.ts';

/** One of the threads of a process that serves a role in several; `threads.ts` starts it. */

const { role, thread } = workerData as ThreadData;
if (parentPort === null) throw new Error('This file is a thread of `callfold serve`, and does not run alone.');
const line = parentPort;
const config = readConfig(process.env);
const logger = createLogger(config.logLevel ?? 'info', role).child({ thread });
const { stop, request } = createStop();
const member = createMember({ role, config, logger, stop, thread });
answerAsks(line, member, request);
try {
  await member.run();
} catch (error) {
  tellFailure(line, error);
}
line.close();
endAnyway((held) => logger.warn({ event: 'service-lingered', held }, 'service-lingered'));
