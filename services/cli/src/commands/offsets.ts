import type { Command } from 'commander';
import type { Context, Exit } from '../command.ts';
import type { OffsetsOptions } from '../offsets.ts';
import { planFile } from '../plan-file.ts';
import { DURATION_FORM, TIME_FORM } from '../points.ts';
import { withTargets } from './target-options.ts';

/** `callfold offsets`: the names of its options are those of Kafka's `kafka-consumer-groups.sh --reset-offsets`. */

type Run = (work: (context: Context) => Promise<Exit>) => Promise<void>;

export function addOffsets(program: Command, run: Run): void {
  withTargets(program.command('offsets'))
    .description(
      'where a time or an offset is in every partition, how many records from where a role stands; moves nothing',
    )
    .option('--to-datetime <time>', `the first record appended then or later; ${TIME_FORM}`)
    .option('--by-duration <duration>', `the first record of this long ago; ${DURATION_FORM}`)
    .option('--shift-by <records>', 'as many on (or back, below 0) from the position')
    .option('--to-offset <offset>', 'this offset, in every partition')
    .option('--to-earliest', 'the first record that the log has')
    .option('--to-latest', 'the end of the log')
    .option('--to-current', 'the position (the default)')
    .option('--from-file <file>', 'a plan of `--json`, refused when it is stale, or lines topic,partition,offset')
    .option('--export', "print lines topic,partition,offset, as Kafka's tools do")
    .option('--execute', 'is refused, with the command that does what is wanted')
    .action((options: OffsetsOptions) =>
      run(async (c) => {
        const { fromFile } = options;
        const asked = fromFile === undefined ? options : { ...options, fromFile: planFile(fromFile) };
        const [{ onSite }, { offsetsOn }] = await Promise.all([import('../on-site.ts'), import('../offsets.ts')]);
        return onSite('offsets', asked, c, offsetsOn);
      }),
    );
}
