import { expect, test } from 'vitest'
import { toAnswerHeaders, toBackendHeaders, toChatHeaders, toClientHeaders } from '../../src/upstream/headers.ts'

const TRACE = { traceparent: '00-a-b-01', tracestate: 'x=1', 'x-request-id': 'r1', 'openai-organization': 'org' }
const OF_CONNECTION = {
  connection: 'keep-alive, X-Hop, content-length, authorization, traceparent2',
  'x-hop': '1',
  'content-length': '7',
  'transfer-encoding': 'chunked',
  te: 'trailers',
  trailer: 'x',
  upgrade: 'h2c',
  'http2-settings': 'AAMA',
  'keep-alive': 'timeout=5',
  'proxy-authorization': 'Basic x',
  'proxy-connection': 'keep-alive',
  expect: '100-continue',
  host: 'gateway',
}
const OF_CLIENT = {
  authorization: 'Bearer x',
  cookie: 'a=b',
  'x-api-key': 'k',
  origin: 'https://app.example',
  'access-control-request-method': 'POST',
}
const OF_BODY = {
  accept: '*/*',
  'accept-encoding': 'gzip',
  'content-type': 'application/json',
  'content-encoding': 'br',
}
const OTHERS = {
  'user-agent': 'u',
  'http-referer': 'https://app',
  'x-title': 't',
  'idempotency-key': 'i',
}

test('a backend gets what its client sent, but for the connection’s, credentials and what pages are asked for', () => {
  const headers = { ...TRACE, ...OF_CONNECTION, ...OF_CLIENT, ...OF_BODY, ...OTHERS }
  expect(toBackendHeaders(headers)).toEqual({ ...TRACE, ...OF_BODY, ...OTHERS })
})

test('and on our own routes the same, but for what describes the request that we write', () => {
  const ours = { prefer: 'wait=5', 'last-event-id': 'c', 'sec-websocket-key': 'k', 'grpc-timeout': '1S' }
  expect(toChatHeaders({ ...TRACE, ...OF_CONNECTION, ...OF_CLIENT, ...OF_BODY, ...OTHERS, ...ours })).toEqual({
    ...TRACE,
    ...OTHERS,
  })
})

const LIMITS = {
  'x-ratelimit-remaining-requests': '41',
  'openai-processing-ms': '12',
  'retry-after': '3',
  'x-request-id': 'u',
}
const FOREIGN = {
  'access-control-allow-origin': '*',
  'sluice-stream-id': 'theirs',
  'alt-svc': 'h3=":443"',
  'strict-transport-security': 'max-age=9',
}
const WHOLE = {
  'content-type': 'text/plain',
  'content-encoding': 'gzip',
  etag: '"1"',
  'cache-control': 'max-age=9',
  date: 'd',
}

test('a client gets what the backend said, but for the connection’s and what is ours to say', () => {
  const { connection, 'x-hop': hop, 'content-length': length, 'transfer-encoding': coding } = OF_CONNECTION
  const framed = { connection, 'x-hop': hop, 'content-length': length, 'transfer-encoding': coding }
  const headers = { ...LIMITS, ...FOREIGN, ...WHOLE, ...framed, 'set-cookie': ['a=1', 'b=2'] }
  expect(toClientHeaders(headers)).toEqual({ ...LIMITS, ...WHOLE, 'set-cookie': ['a=1', 'b=2'] })
  expect(toAnswerHeaders(headers)).toEqual({ ...LIMITS, 'set-cookie': ['a=1', 'b=2'] })
})
