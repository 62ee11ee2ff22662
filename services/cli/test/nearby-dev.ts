import { readConfig, startHttp } from '@callfold/adapters';
import type { Service } from '@callfold/engine';
import type { Context, Exit } from '../src/command.ts';
import { addCommandRoutes } from '../src/site-commands.ts';
import type { Site } from '../src/site.ts';

/** A `callfold dev` nearby, and a command that asks it: two processes of one machine, here one. */

export type Ran = { readonly exit: Exit; readonly out: string; readonly said: string };

export type NearbyDev = {
  /** The command as its user calls it: it finds the other process by its port. */
  run(command: (context: Context) => Promise<Exit>, json?: boolean): Promise<Ran>;
  readonly url: string;
  close(): Promise<void>;
};

export function contextOf(env: Readonly<Record<string, string>>, json = false) {
  const said = { out: '', say: '' };
  const context: Context = {
    config: readConfig(env),
    out: (text) => void (said.out += text),
    say: (text) => void (said.say += `${text}\n`),
    json,
    stop: { requested: false, wanted: new Promise(() => undefined) },
  };
  return { context, said };
}

export async function openNearbyDev(site: Site, services: readonly Service[] = []): Promise<NearbyDev> {
  const http = await startHttp({
    host: '127.0.0.1',
    port: 0,
    ready: () => [],
    metrics: [],
    routes: (app) => addCommandRoutes(app, { site, config: readConfig({}), services }),
  });
  return {
    url: http.url,
    async run(command, json = false) {
      const { context, said } = contextOf({ CALLFOLD_HTTP_PORT: new URL(http.url).port }, json);
      const exit = await command(context);
      return { exit, out: said.out, said: said.say };
    },
    close: () => http.close(),
  };
}
