import type { Header, Observer } from '@callfold/engine';
import { TRACE_HEADER } from '@callfold/engine';
import type { Link, SpanContext } from '@opentelemetry/api';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { utf8Bytes } from '@callfold/core';

/**
 * Traces, by OpenTelemetry's API alone: where the process has loaded no SDK, every call of it does nothing. No id, name
 * or number of a person is in an attribute.
 */

const tracer = trace.getTracer('callfold');
const SERVER_ERROR = 500;

type Carrier = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Of the trace that is under way; none without an SDK. */
export function traceHeaders(): Header[] {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  const text = carrier[TRACE_HEADER];
  return text === undefined ? [] : [{ name: TRACE_HEADER, value: utf8Bytes(text) }];
}

export type RequestSpan = { end(status: number, route: string): void };

/** A request of somebody else, whose trace goes on in it. @param go everything that is done for it */
export function traceRequest(method: string, headers: Carrier, go: () => void): RequestSpan {
  const parent = propagation.extract(context.active(), headers);
  const span = tracer.startSpan(
    method,
    { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } },
    parent,
  );
  context.with(trace.setSpan(parent, span), go);
  return {
    end(status, route) {
      span.updateName(`${method} ${route}`);
      span.setAttributes({ 'http.route': route, 'http.response.status_code': status });
      if (status >= SERVER_ERROR) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

const PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

function spanContextOf(text: string): SpanContext | null {
  const [, traceId = '', spanId = '', flags = ''] = PARENT.exec(text) ?? [];
  const found = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return trace.isSpanContextValid(found) ? found : null;
}

function linksOf(causes: readonly string[]): Link[] {
  return causes.flatMap((text) => {
    const found = spanContextOf(text);
    return found === null ? [] : [{ context: found }];
  });
}

/**
 * One span for each slice that was folded and committed: many traces end in it, so it is linked to them and the child
 * of none.
 * @param group the consumer group
 */
export function traceObserver(group: string, now: () => number = Date.now): Observer {
  return (event) => {
    if (event.name !== 'batch-committed' || event.records === 0) return;
    const { topic, partition } = event.at;
    const span = tracer.startSpan(`process ${topic}`, {
      kind: SpanKind.CONSUMER,
      root: true,
      startTime: event.begunAt,
      links: linksOf(event.causes),
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': String(partition),
        'messaging.consumer.group.name': group,
        'messaging.batch.message_count': event.records,
        'messaging.kafka.offset': event.position - 1,
        'callfold.derived': event.derived,
        'callfold.subjects_changed': event.changed,
      },
    });
    span.end(now());
  };
}
