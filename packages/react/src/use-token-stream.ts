import type { ClientStream, StartOptions } from '@sluice/client'
import type { EndEvent } from '@sluice/core'
import { useState, useSyncExternalStore } from 'react'

import { storeOf } from './store-registry.ts'
import { IDLE, type TokenSnapshot, TokenStore, type TokenStreamOptions } from './token-store.ts'

/** What {@link useTokenStream} gives. */
export interface TokenStreamState extends TokenSnapshot {
  /** The whole text so far. */
  readonly text: string
  /** True while text may still come: for `aria-busy`. */
  readonly isBusy: boolean
  /** Starts a stream in place of the one before: call it where the user has asked. */
  readonly start: (url: string | URL, body?: unknown, options?: StartOptions) => ClientStream
  /** Ends the stream for everyone; gives its end, or nothing where there is no stream. */
  readonly stop: () => Promise<EndEvent | undefined>
}

/**
 * A stream in a component. The component is rendered once a frame at most while text comes; finished `blocks` are the same
 * strings each time. The stream goes on while components come and go, and with a `key` also when the page is loaded again.
 *
 * @example
 * ```ts
 * const answer = useTokenStream({ key: 'chat-1' })
 * ```
 */
export function useTokenStream(options: TokenStreamOptions = {}): TokenStreamState {
  const { key } = options
  // Without a key the stream belongs to this component alone.
  const [own] = useState(() => (key === undefined ? new TokenStore(options) : undefined))
  const store = key === undefined ? (own ?? storeOf('', options)) : storeOf(key, options)
  const snapshot = useSyncExternalStore(store.subscribe, store.snapshot, onServer)
  const { status, blocks, tail } = snapshot
  return {
    ...snapshot,
    get text() {
      return blocks.join('') + tail
    },
    isBusy: status !== 'idle' && status !== 'ended',
    start: store.start,
    stop: store.stop,
  }
}

const onServer = (): TokenSnapshot => IDLE
