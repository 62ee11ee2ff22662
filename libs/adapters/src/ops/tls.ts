import { Refused } from '@callfold/engine';
import { PREFIX, valueFromFile } from './environment.ts';

/** What a client of ours trusts and shows, as node:tls takes it: PEM texts. */
export type Tls = {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must have, where it is not that of the address. */
  readonly servername?: string;
};

export type TlsName = 'KAFKA_SSL' | 'REGISTRY_TLS' | 'REDIS_TLS';

type TlsVariables = {
  readonly [variable in `${TlsName}_${'CA_FILE' | 'CERT_FILE' | 'KEY_FILE' | 'SERVERNAME'}`]?: string | undefined;
};

/** @returns null when none of them is set. @throws Refused for a file that cannot be read, or half a pair */
export function tlsOf(v: TlsVariables, name: TlsName): Tls | null {
  const pem = (variable: `${TlsName}_${'CA' | 'CERT' | 'KEY'}_FILE`): string | undefined => {
    const file = v[variable];
    return file === undefined ? undefined : valueFromFile(variable, file);
  };
  const [ca, cert, key] = [pem(`${name}_CA_FILE`), pem(`${name}_CERT_FILE`), pem(`${name}_KEY_FILE`)];
  const servername = v[`${name}_SERVERNAME`];
  if ((cert === undefined) !== (key === undefined)) {
    const pair = `${PREFIX}${name}_CERT_FILE and ${PREFIX}${name}_KEY_FILE`;
    throw new Refused(`${pair} belong together: set both, or none.`);
  }
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), ...(servername && { servername }) };
  return Object.keys(tls).length > 0 ? tls : null;
}

/** What would be thought safe and is not: settings of TLS beside an address without it. */
export function checkScheme(tls: Tls | null, url: string, name: TlsName, variable: string, scheme: string): void {
  if (tls === null || url.toLowerCase().startsWith(scheme)) return;
  throw new Refused(
    `${PREFIX}${name}_… is set, and ${PREFIX}${variable} is an address without TLS: it must begin with ${scheme}, or take ` +
      `${PREFIX}${name}_… away.`,
  );
}
