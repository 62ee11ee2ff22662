import { brotliCompressSync, gzipSync } from 'node:zlib';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startHttp } from '@callfold/adapters';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addPage } from '../src/page.ts';

const CONFIG = fileURLToPath(new URL('../web/vite.config.ts', import.meta.url));
/** Of all files of the page together. */
const BYTES_MAX = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'callfold-page-'));
const files = new Map<string, string>();
let server: Awaited<ReturnType<typeof startHttp>>;

beforeAll(async () => {
  const built = await build({ configFile: CONFIG, build: { write: false } });
  if (!('output' in built)) throw new Error('vite gave more than one bundle');
  mkdirSync(join(folder, 'assets'));
  for (const one of built.output) {
    const text = one.type === 'chunk' ? one.code : Buffer.from(one.source).toString();
    files.set(one.fileName, text);
    writeFileSync(join(folder, one.fileName), text);
  }
  server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    ready: () => [],
    metrics: [],
    routes: (app) => addPage(app, `${folder}/`),
  });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const sizeOf = (pack: (text: string) => Buffer): number =>
  [...files.values()].reduce((sum, text) => sum + pack(text).length, 0);

test('the page is small, runs nothing that stands in it, and asks no other host', () => {
  expect([...files.keys()].map((name) => name.replace(/-[\w-]+\./, '.')).sort()).toEqual([
    'assets/index.css',
    'assets/index.js',
    'index.html',
  ]);
  expect(sizeOf((text) => gzipSync(text))).toBeLessThan(BYTES_MAX);
  expect(sizeOf((text) => brotliCompressSync(text))).toBeLessThan(BYTES_MAX);
  const html = files.get('index.html') ?? '';
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  // The name of the SVG language is no address that is asked.
  const addresses = [...files.values()].flatMap((text) => text.match(/(?:https?:)?\/\/[a-z][\w.-]+\.[a-z]+/g) ?? []);
  expect(addresses.filter((one) => !one.endsWith('www.w3.org'))).toEqual([]);
});

test('it is served with its policy, compressed, and kept for as long as it may be', async () => {
  const page = await fetch(server.url);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  expect(page.headers.get('cache-control')).toBe('no-cache');
  expect(await page.text()).toBe(files.get('index.html'));
  const again = await fetch(server.url, { headers: { 'if-none-match': page.headers.get('etag') ?? '' } });
  expect([again.status, await again.text()]).toEqual([304, '']);
  const script = [...files.keys()].find((name) => name.endsWith('.js')) ?? '';
  for (const coding of ['br', 'gzip', 'identity']) {
    const answer = await fetch(`${server.url}/${script}`, { headers: { 'accept-encoding': coding } });
    expect(answer.headers.get('content-encoding')).toBe(coding === 'identity' ? null : coding);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(await answer.text()).toBe(files.get(script));
  }
});

test('nothing else of the disk is served', async () => {
  for (const path of [
    'assets/',
    'assets/index.html',
    'assets/..%2findex.html',
    'assets/%2e%2e/index.html',
    'index.html',
  ])
    expect((await fetch(`${server.url}/${path}`)).status, path).toBeGreaterThanOrEqual(404);
});

test('a page that is just being built is told as not built, and what else is served goes on', async () => {
  const half = mkdtempSync(join(tmpdir(), 'callfold-half-'));
  writeFileSync(join(half, 'index.html'), '<!doctype html>');
  const other = await startHttp({
    host: '127.0.0.1',
    port: 0,
    ready: () => [],
    metrics: [],
    routes: (app) => addPage(app, `${half}/`),
  });
  const answer = await fetch(other.url);
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain('npm run build');
  await other.close();
  rmSync(half, { recursive: true, force: true });
});
