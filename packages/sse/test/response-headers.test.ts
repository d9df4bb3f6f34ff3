import { createSseHeaders, joinHeaderLists, SSE_HEADERS } from '@sluice/sse'
import { withListsOf } from '@sluice/sse/node'
import { expect, test } from 'vitest'

test('S8: no cache, proxy or sniffing may touch a stream', () => {
  expect(SSE_HEADERS).toEqual({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    vary: 'Authorization, Cookie, Last-Event-ID',
  })
  expect(Object.isFrozen(SSE_HEADERS)).toBe(true)
})

test('names the stream and where it can be read again, and shows these to other origins where they may read', () => {
  expect(createSseHeaders({ streamId: 'x' })).toEqual({ ...SSE_HEADERS, 'sluice-stream-id': 'x' })
  expect(createSseHeaders({ streamId: 'x', contentLocation: '/streams/x', cors: true })).toEqual({
    ...SSE_HEADERS,
    'sluice-stream-id': 'x',
    'content-location': '/streams/x',
    'access-control-expose-headers': 'Content-Location, Sluice-Stream-Id',
  })
})

test('takes the content type of another wire', () => {
  expect(createSseHeaders({ streamId: 'x', contentType: 'application/jsonl' })).toMatchObject({
    'content-type': 'application/jsonl',
  })
})

test('lists are joined in order, and what is left out leaves nothing behind', () => {
  expect(joinHeaderLists('Accept', undefined, 'Cookie, Origin')).toBe('Accept, Cookie, Origin')
  expect(joinHeaderLists(undefined, undefined)).toBe('')
})

test('what middleware has listed stays, before what we list, and only where we list something', () => {
  const set: Record<string, string | string[]> = { vary: 'Origin', 'access-control-expose-headers': ['A', 'B'], x: 'y' }
  const response = { getHeader: (name: string) => set[name] }
  expect(withListsOf(response, { vary: 'Accept', x: 'z' })).toEqual({ vary: 'Origin, Accept', x: 'z' })
  expect(withListsOf(response, { 'access-control-expose-headers': 'C' })).toEqual({
    'access-control-expose-headers': 'A,B, C',
  })
})
