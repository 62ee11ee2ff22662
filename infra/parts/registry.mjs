// @ts-check
/** Apicurio Registry, with its data in an H2 file, spoken to through its Confluent-compatible API. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findJars, findJava } from './jars.mjs';
import { launch } from './part.mjs';
import { freePorts, HOST } from './ports.mjs';
import { JAVA_OPTIONS, SERIAL_COLLECTOR, REGISTRY_API, registrySettings } from './settings.mjs';

const WAIT_MS = 2_000;

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export async function askRegistry(port) {
  const answer = await fetch(`http://${HOST}:${port}${REGISTRY_API}/subjects`, {
    signal: AbortSignal.timeout(WAIT_MS),
  });
  return answer.ok && Array.isArray(await answer.json());
}

/** @type {typeof import('./index.mjs').startRegistry} */
export async function startRegistry(options) {
  const {
    dir,
    settings = {},
    javaOptions = `${JAVA_OPTIONS.registry} ${SERIAL_COLLECTOR}`,
    keep = false,
    say = () => {},
  } = options;
  const java = findJava();
  const { registryJar } = await findJars({ say });
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const data = join(dir, 'data');
  mkdirSync(data, { recursive: true });
  const own = { 'quarkus.http.host': HOST, 'quarkus.http.port': String(port) };
  const all = { ...registrySettings(join(data, 'registry')), ...own, ...settings };
  const properties = Object.entries(all).map(([name, value]) => `-D${name}=${value}`);
  const part = await launch({
    name: 'Schema registry',
    dir,
    log: 'registry.log',
    command: java,
    args: [...javaOptions.split(' '), ...properties, '-jar', registryJar],
    port,
    keep,
    answers: () => askRegistry(port),
  });
  return Object.assign(part, { url: `http://${HOST}:${port}${REGISTRY_API}` });
}
