/** An authority of a test's own, and certificates of it, as PEM files, made with openssl. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type KeyPair = {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
};

export type Authority = {
  readonly caFile: string;
  readonly ca: string;
  /** What a broker needs to show this pair, and to know clients by this authority. @param listener its name */
  kafkaSettings(pair: KeyPair, listener: string): Readonly<Record<string, string>>;
  /** @param names for the certificate, such as `IP:127.0.0.1` */
  issue(name: string, names: string): KeyPair;
};

function openssl(args: readonly string[]): void {
  try {
    execFileSync('openssl', args, { stdio: 'pipe' });
  } catch (error) {
    throw new Error('This test makes certificates with openssl: install it, then try again.', { cause: error });
  }
}

export function makeAuthority(dir: string): Authority {
  mkdirSync(dir, { recursive: true });
  const [caFile, caKey] = [join(dir, 'ca.pem'), join(dir, 'ca.key')];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(['req', '-x509', ...ec, '-keyout', caKey, '-out', caFile, '-days', '2', '-subj', '/CN=authority of a test']);
  return {
    caFile,
    ca: readFileSync(caFile, 'utf8'),
    kafkaSettings({ certFile, keyFile }, listener) {
      const store = `${certFile}.store`;
      writeFileSync(store, readFileSync(keyFile, 'utf8') + readFileSync(certFile, 'utf8'));
      const of = (what: string): string => `listener.name.${listener.toLowerCase()}.ssl.${what}`;
      return {
        [of('keystore.type')]: 'PEM',
        [of('keystore.location')]: store,
        [of('truststore.type')]: 'PEM',
        [of('truststore.location')]: caFile,
      };
    },
    issue(name, names) {
      const [certFile, keyFile] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
      const [request, extensions] = [join(dir, `${name}.csr`), join(dir, `${name}.ext`)];
      openssl(['req', ...ec, '-keyout', keyFile, '-out', request, '-subj', `/CN=${name}`]);
      writeFileSync(extensions, `subjectAltName=${names}\n`);
      const signed = ['-CA', caFile, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', extensions];
      openssl(['x509', '-req', '-in', request, '-out', certFile, ...signed]);
      return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    },
  };
}
