/** infra/kubernetes and the Dockerfile: valid by Kubernetes' own schemas, and of one mind with the services. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '@callfold/adapters/config';
import { ConfigMap, Namespace, Service, ServiceAccount } from 'kubernetes-models/v1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT } from '../contracts/generate.mjs';

type Json = Readonly<Record<string, unknown>>;
type Manifest = { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string } };

const FOLDER = 'infra/kubernetes';
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const manifestsIn = (path: string): Manifest[] =>
  parseAllDocuments(textOf(`${FOLDER}/${path}`)).map((document) => document.toJS() as Manifest);
type Kustomization = {
  readonly resources: readonly string[];
  readonly configMapGenerator: readonly [{ readonly literals: readonly string[] }];
};
const base = parse(textOf(`${FOLDER}/base/kustomization.yaml`)) as Kustomization;
const manifests = base.resources.flatMap((file) => manifestsIn(`base/${file}`));

const MODELS = { ConfigMap, Deployment, Namespace, NetworkPolicy, PodDisruptionBudget, Service, ServiceAccount };

/** @returns what is wrong by Kubernetes' schema of its kind */
function problemOf(manifest: Manifest): string | null {
  const Model = MODELS[manifest.kind as keyof typeof MODELS];
  try {
    const model = new Model(manifest);
    if (manifest.apiVersion !== model.apiVersion) return `${manifest.apiVersion} is not ${model.apiVersion}`;
    model.validate();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Container = {
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly image: string;
  readonly livenessProbe: { readonly httpGet: Json };
  readonly readinessProbe: { readonly httpGet: Json };
  readonly securityContext: Json;
};
type Spec = {
  readonly template: { readonly metadata: { readonly labels: Json }; readonly spec: Json & PodSpec };
  readonly selector: { readonly matchLabels: Json };
};
type PodSpec = { readonly containers: readonly [Container] };
const specOf = (manifest: Manifest): Spec => (manifest as unknown as { spec: Spec }).spec;
const ofKind = (kind: string): Manifest[] => manifests.filter((one) => one.kind === kind);
const deployments = ofKind('Deployment');

describe('the manifests', () => {
  test('are valid by the schemas of Kubernetes', () => {
    expect(manifests.map((one) => [one.kind, one.metadata.name, problemOf(one)])).toEqual(
      manifests.map((one) => [one.kind, one.metadata.name, null]),
    );
    // A schema that takes anything would say so of this too.
    const broken = structuredClone(deployments[0]) as unknown as { spec: { replicas: unknown } };
    broken.spec.replicas = 'two';
    expect(problemOf(broken as unknown as Manifest)).toMatch(/replicas/);
  });

  test('run each role as what `callfold serve` takes, and nothing as root', () => {
    const roles = ['projector', 'outcomes', 'gateway', 'console'];
    expect(deployments.map((one) => specOf(one).template.spec.containers[0].args)).toEqual(
      roles.map((role) => ['serve', role]),
    );
    for (const { spec } of deployments.map((one) => specOf(one).template)) {
      const [container] = spec.containers;
      expect(spec).toMatchObject({
        enableServiceLinks: false,
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 1_000 },
      });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect([container.livenessProbe.httpGet['path'], container.readinessProbe.httpGet['path']]).toEqual([
        '/livez',
        '/readyz',
      ]);
    }
  });

  test('have a budget for each deployment, which selects its pods', () => {
    const selected = ofKind('PodDisruptionBudget').map((one) => specOf(one).selector.matchLabels);
    expect(selected).toEqual(deployments.map((one) => specOf(one).selector.matchLabels));
    for (const one of deployments)
      expect(specOf(one).template.metadata.labels).toMatchObject(specOf(one).selector.matchLabels);
  });

  test('give settings that callfold takes', () => {
    const literals = base.configMapGenerator[0].literals.map((literal) => literal.split(/=(.*)/s).slice(0, 2));
    const config = readConfig(Object.fromEntries(literals) as Record<string, string>);
    expect(config.kafka?.brokers).toEqual(['kafka:9092']);
    const names = deployments.flatMap((one) => specOf(one).template.spec.containers[0].env ?? []);
    // A name that callfold does not know is told apart from a file that is not here.
    for (const { name } of names) expect(() => readConfig({ [name]: '/nowhere' })).toThrow(/the file cannot be read/);
  });

  test('scale each role on its lag in seconds, of the partition that is furthest behind', () => {
    const scaled = manifestsIn('autoscaling/scaled-objects.yaml') as unknown as {
      spec: {
        scaleTargetRef: { name: string };
        triggers: [{ type: string; metricType: string; metadata: { query: string; threshold: string } }];
      };
    }[];
    const triggers = scaled.map(({ spec }) => [spec.scaleTargetRef.name, spec.triggers[0].metadata.query]);
    // infra/test/observability.test.ts holds the metric's name and labels against the code.
    expect(triggers).toEqual([
      ['callfold-projector', 'max(callfold_lag_seconds{service="projector"})'],
      ['callfold-outcomes', 'max(callfold_lag_seconds{service="outcomes"})'],
    ]);
    for (const { spec } of scaled) expect(spec.triggers[0]).toMatchObject({ type: 'prometheus', metricType: 'Value' });
  });
});

describe('the Dockerfile', () => {
  const lines = textOf('Dockerfile').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  test('ends in an image that runs the command, not as root, on the oldest Node that is supported', () => {
    expect(last[0]).toMatch(/^FROM node:20\.20\.\d+-bookworm-slim$/);
    expect(last).toContain('USER 1000:1000');
    expect(last).toContain('ENTRYPOINT ["node", "services/cli/bin/callfold.js"]');
    expect(last.filter((line) => /^(RUN|ADD) /.test(line))).toEqual([]);
    expect(last.filter((line) => line.startsWith('COPY ') && !line.startsWith('COPY --from=build'))).toEqual([]);
  });
});

const why = spawnSync('kubectl', ['version', '--client']).error ? 'kubectl is not here' : null;
if (why) process.stderr.write(`!!! NOT RUN: nobody built infra/kubernetes as a whole. ${why}\n`);

// Where there is no kubectl, because only its kustomize is needed, and no cluster is asked.
test.skipIf(why !== null)('kustomize builds the base, and the one that scales leaves the number to KEDA', () => {
  const build = (folder: string): Manifest[] =>
    parseAllDocuments(execFileSync('kubectl', ['kustomize', join(ROOT, FOLDER, folder)], { encoding: 'utf8' })).map(
      (document) => document.toJS() as Manifest,
    );
  const built = build('base');
  expect(built).toHaveLength(manifests.length + 1);
  expect(built.map(problemOf).filter((problem) => problem !== null)).toEqual([]);
  for (const one of built.filter(({ kind }) => kind === 'Deployment'))
    expect(specOf(one).template.spec.containers[0].image).toBe('callfold:0.1.0');
  const replicas = build('autoscaling')
    .filter(({ kind }) => kind === 'Deployment')
    .map((one) => [one.metadata.name, 'replicas' in specOf(one)]);
  expect(Object.fromEntries(replicas)).toEqual({
    'callfold-console': true,
    'callfold-gateway': true,
    'callfold-outcomes': false,
    'callfold-projector': false,
  });
});
