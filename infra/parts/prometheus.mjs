// @ts-check
/** Prometheus from the PATH, as whoever watches the services: one server of its own folder and port. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './part.mjs';
import { freePorts, HOST } from './ports.mjs';

/** As short as it takes them: a test waits for what it sees. */
const INTERVAL = '500ms';

/** @type {typeof import('./index.mjs').whyNoPrometheus} */
export function whyNoPrometheus() {
  if (!spawnSync('prometheus', ['--version']).error) return null;
  return 'Prometheus is not here. Install it (Debian, Ubuntu: `apt-get install prometheus`; macOS: `brew install prometheus`).';
}

/** @type {typeof import('./index.mjs').startPrometheus} */
export async function startPrometheus({ dir, targets, rules }) {
  const why = whyNoPrometheus();
  if (why !== null) throw new Error(why);
  mkdirSync(dir, { recursive: true });
  const [port = 0] = await freePorts(1);
  const file = join(dir, 'prometheus.yml');
  const config = {
    global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
    rule_files: rules,
    scrape_configs: [{ job_name: 'callfold', static_configs: [{ targets }] }],
  };
  // YAML holds all of JSON.
  writeFileSync(file, JSON.stringify(config));
  const url = `http://${HOST}:${port}`;
  const part = await launch({
    name: 'Prometheus',
    dir,
    log: 'prometheus.log',
    command: 'prometheus',
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=${HOST}:${port}`,
      '--log.level=warn',
    ],
    port,
    keep: false,
    answers: async () => (await fetch(`${url}/-/ready`)).ok,
  });
  return Object.assign(part, {
    url,
    /** @type {import('./index.mjs').Prometheus['ask']} */
    async ask(path) {
      const answer = await fetch(`${url}/api/v1/${path}`);
      /** @type {any} */
      const { status, data, error } = await answer.json();
      if (status !== 'success') throw new Error(`Prometheus: ${path}: ${error}`);
      return data;
    },
  });
}
