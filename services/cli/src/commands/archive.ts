import type { ArchiveOptions } from '../archiving.ts';
import { archiveAll, checkAll } from '../archiving.ts';
import type { Context, Exit } from '../command.ts';
import { EXIT } from '../command.ts';
import { openKafkaSite } from '../kafka-site.ts';
import { grouped } from '../progress.ts';
import { againCommand } from '../again.ts';

/** `callfold archive`: raw partitions to files, or with `--check` the files against their checksums. Acts at once. */
export async function archive(options: ArchiveOptions, context: Context): Promise<Exit> {
  return options.check ? check(options, context) : copy(options, context);
}

async function copy(options: ArchiveOptions, context: Context): Promise<Exit> {
  const { config, json, out, say, stop } = context;
  const site = await openKafkaSite(config, say);
  let records = 0;
  try {
    for await (const row of archiveAll(site, options, context)) {
      records += row.records;
      const { topic, partition, from, next, segments } = row;
      const what = row.records === 0 ? 'nothing new' : `${grouped(row.records)} records in ${segments} files`;
      out(json ? `${JSON.stringify(row)}\n` : `${topic}/${partition}: offsets ${from} to ${next}, ${what}\n`);
    }
  } finally {
    await site.close();
  }
  if (stop.requested) {
    say(`Ended as asked; what is archived is whole. To go on:\n${againCommand('archive', options)}`);
    return EXIT.failed;
  }
  say(records === 0 ? `${options.to} has all there is.` : `${grouped(records)} records were added to ${options.to}.`);
  return EXIT.done;
}

async function check(options: ArchiveOptions, context: Context): Promise<Exit> {
  const { json, out, say, stop } = context;
  let bytes = 0;
  for await (const row of checkAll(options, context)) {
    bytes += row.bytes;
    const { topic, partition, from, next, records, segments } = row;
    const text = `${topic}/${partition}: offsets ${from} to ${next}, ${grouped(records)} records in ${segments} files, as written\n`;
    out(json ? `${JSON.stringify(row)}\n` : text);
  }
  if (stop.requested) return EXIT.failed;
  say(`${(bytes / 1_000_000).toFixed(1)} MB were read, and all of it is as it was written.`);
  return EXIT.done;
}
