import * as conformance from '@sluice/conformance'
import * as app from '@sluice/conformance/integration-app'
import * as sse from '@sluice/conformance/sse'
import { expect, test } from 'vitest'

test('exports these names and no others', () => {
  expect(Object.keys(conformance).toSorted()).toEqual([
    'GRPC_REFUSALS',
    'HTTP_REFUSALS',
    'RecordedReading',
    'TransportRefusal',
    'WEBSOCKET_REFUSALS',
    'describeBehindNginx',
    'describeCrossing',
    'describeIntegration',
    'describeSink',
    'describeStore',
    'describeTransport',
  ])
  expect(Object.keys(app)).toEqual(['createSuiteApp'])
  expect(Object.keys(sse).toSorted()).toEqual(['describeSseDecoders', 'describeSseParser', 'sseDecoders', 'sseVectors'])
})
