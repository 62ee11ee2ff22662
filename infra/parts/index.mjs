// @ts-check
/** Real Kafka, registry and Redis for tests, benchmarks and `infra:up`. Shapes and promises: index.d.mts. */

export { startKafka } from './kafka.mjs';
export { cacheDir, devDir, testDir } from './paths.mjs';
export { freePorts, isFree } from './ports.mjs';
export { startPostgres, whyNoPostgres } from './postgres.mjs';
export { startPrometheus, whyNoPrometheus } from './prometheus.mjs';
export { startProxy } from './proxy.mjs';
export { startRedis } from './redis.mjs';
export { askRedis } from './redis-ask.mjs';
export { startRedisCluster } from './redis-cluster.mjs';
export { startRedisSentinel } from './redis-sentinel.mjs';
export { startRegistry } from './registry.mjs';
export * from './settings.mjs';
