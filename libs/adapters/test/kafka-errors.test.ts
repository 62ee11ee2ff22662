import { expect, it } from 'vitest';
import { explain } from '../src/kafka/errors.ts';

it('an error of a broker that is away promises no attempt of a command that ends with it', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), {
    name: 'KafkaJSConnectionError',
    broker: 'kafka:9092',
  });
  const { message } = explain('connecting', refused);
  expect(message).toBe(
    'Kafka: connecting: connect ECONNREFUSED at kafka:9092 (CONNECTION): check that the brokers of ' +
      'CALLFOLD_KAFKA_BROKERS are up and can be reached from here; it may pass by itself',
  );
});
