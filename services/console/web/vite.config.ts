import { defineConfig } from 'vite';

/** Every part of the page is a file of its own under `/assets`, named by what is in it, so that it may be kept for ever. */
export default defineConfig({
  root: import.meta.dirname,
  logLevel: 'warn',
  build: { outDir: '../dist/web', emptyOutDir: true, target: 'es2022', modulePreload: false, assetsInlineLimit: 0 },
});
