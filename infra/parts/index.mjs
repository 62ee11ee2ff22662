// @ts-check
/** Real Kafka, registry and Redis for tests, benchmarks and `infra:up`. Shapes and promises: index.d.mts. */

export { startKafka } from './kafka.mjs';
export { cacheDir, devDir, testDir } from './paths.mjs';
export { freePorts, isFree } from './ports.mjs';
export { startRedis } from './redis.mjs';
export { startRegistry } from './registry.mjs';
export * from './settings.mjs';
