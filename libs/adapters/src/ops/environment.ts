import { readFileSync } from 'node:fs';
import { Refused } from '@callfold/engine';

/** Which variables of the environment are ours, and what they hold. */

export type Environment = Readonly<Record<string, string | undefined>>;

export const PREFIX = 'CALLFOLD_';

/**
 * What Kubernetes makes of a service called callfold, or callfold-something: nobody set it on purpose. A port of its
 * own making is an address (`tcp://10.0.0.1:80`), so that a mistyped setting that ends in PORT is not taken for one,
 * and a service called callfold-http not for the setting.
 */
function isServiceLink(name: string, value: string): boolean {
  if (/(^|_)PORT$/.test(name) && /^(tcp|udp|sctp):\/\//i.test(value)) return true;
  return /(^|_)(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/.test(name);
}

const FILE = '_FILE';

/** `X_FILE` is a file that holds X's value, for secrets. */
export function valueFromFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refused(`${PREFIX}${name}: the file cannot be read: ${why}`);
  }
}

/**
 * Values by name without the prefix, those from files included.
 * @throws Refused for a name that is none of the known
 */
export function collect(environment: Environment, known: ReadonlySet<string>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [full, value] of Object.entries(environment)) {
    if (!full.startsWith(PREFIX) || value === undefined || value === '') continue;
    const name = full.slice(PREFIX.length);
    if (name.startsWith('TEST_') || name.startsWith('INFRA_') || isServiceLink(name, value)) continue;
    const secret = name.endsWith(FILE) && !known.has(name) ? name.slice(0, -FILE.length) : null;
    const variable = secret !== null && known.has(secret) ? secret : name;
    if (!known.has(variable)) {
      throw new Refused(
        `${full} is not a setting of callfold. Known are: ${[...known].map((one) => PREFIX + one).join(', ')}`,
      );
    }
    if (values[variable] !== undefined) {
      throw new Refused(`${PREFIX}${variable} and ${PREFIX}${variable}${FILE} are both set: take one away.`);
    }
    values[variable] = variable === name ? value : valueFromFile(name, value);
  }
  return values;
}
