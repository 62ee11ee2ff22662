export type { ConnectedPublisher, ConnectOptions } from './connect.ts';
export { connectPublisher } from './connect.ts';
export type { EventInput, Time } from './events.ts';
export type { PolledPage, PollObserver, PollPorts, PollSettings } from './poll.ts';
export { pauseAfter, poll } from './poll.ts';
export type { EventProducer, EventProducerOptions } from './producer.ts';
export { createEventProducer } from './producer.ts';
export type { Acknowledged, EventPublisher, PublisherOptions, PublishOptions, Receipt } from './publisher.ts';
export { createEventPublisher, EventRefused, NotAcknowledged, TooManyPending } from './publisher.ts';
