import type { IncomingMessage } from 'node:http'

import type { Json, NamedSource, Principal, Sluice, Source, StartOptions } from '@sluice/core'
import { type Identified, invalidOption, isOrigin, requireInteger, requireKnownNames } from '@sluice/core/extend'

import type { Tickets } from './tickets.ts'

/** What a client showed beside its headers. */
export interface ShownCredentials {
  /** The token of `Authorization: Bearer …` or of the subprotocol `bearer.…`, which is all a browser can send. */
  bearer: string | undefined
}

/**
 * Says who opens a socket: a principal; `undefined` or `null` for a stranger, who gets a 401. Bounded: 5 seconds. A socket
 * whose principal expires needs a fresh ticket by then.
 */
export type IdentifySocket = (request: IncomingMessage, shown: ShownCredentials) => Identified

/** A stream that a client's `start` asks for. */
export interface Run extends Omit<StartOptions, 'as' | 'wire' | 'waitUntil'> {
  source: Source | NamedSource
}

/** What {@link RunSource} may know of who asks. */
export interface RunContext {
  readonly principal: Principal
  /** The request that opened the socket. */
  readonly request: IncomingMessage
  readonly bearer: string | undefined
  /** The text that the body was parsed from, for whom every digit counts. */
  readonly bodyText: string | undefined
}

/**
 * Makes the source of a stream that a client starts, or that with options. `body` is what the client sent. What it throws
 * as a `SluiceError` is what the client is told.
 */
export type RunSource = (
  body: { readonly [name: string]: Json | undefined },
  context: RunContext,
) => Source | Run | Promise<Source | Run>

/** Bounds of a handler and of each of its sockets. */
export interface WebSocketLimits {
  /** Sockets open at once, those that are being opened included. Default 10,000. */
  maxSockets?: number | undefined
  /** Readings at once on one socket. Default 100. */
  maxStreams?: number | undefined
  /** Requests of one socket that are not answered yet, beside one to begin and one to cancel each reading there may be. Default 128. */
  maxPendingRequests?: number | undefined
  /** Largest message of a client, in bytes. Default 65,536. */
  maxPayloadBytes?: number | undefined
  /** Fragments a message may come in. Default 64. */
  maxFragments?: number | undefined
  /** Pieces of the network's making that a message may be buffered in. Default 4,096. */
  maxBufferedChunks?: number | undefined
  /** Messages and pings a client may send, per second. Default 100. */
  messagesPerSecond?: number | undefined
  /** The same at once. Default 200. */
  messageBurst?: number | undefined
}

/** {@link WebSocketLimits} with nothing left open. */
export type ResolvedWebSocketLimits = { readonly [Name in keyof WebSocketLimits]-?: number }

/** Options of `createWebSocketHandler`. */
export interface WebSocketHandlerOptions {
  sluice: Sluice
  /** Says who opens a socket: by cookie, header or bearer token. Tickets need no word of it. */
  identify: IdentifySocket
  /** Takes tickets (`ticket.…` as a subprotocol, and `authenticate`). Default: none are taken. */
  tickets?: Pick<Tickets, 'redeem'> | undefined
  /**
   * Pages of elsewhere that may open sockets, as browsers spell their origin: `https://app.example`; `*` for all of them, or
   * `null` for those in a sandbox or from a file, whose cookies `identify` then does not see. Pages that this very server
   * has served need no entry, nor does a client that is let in for its bearer token. Default: no other page.
   */
  origins?: readonly string[] | '*' | undefined
  /**
   * Host names, in lower case and without ports, that pages which this server has served from a loopback address may go by:
   * those that a proxy keeps in `Host`. An attacker can point a name of theirs at loopback. `*` for any name.
   * Default: `localhost`, with the names below it.
   */
  hosts?: readonly string[] | '*' | undefined
  /** Makes the sources of what clients start. Without it streams are read, cancelled and so on, but not started. */
  run?: RunSource | undefined
  /** How often a peer is asked whether it is there, in milliseconds; two misses end the socket, within two periods. Default 15,000. */
  pingMs?: number | undefined
  limits?: WebSocketLimits | undefined
  /** Is told what clients are not: failures that are answered without a further word. */
  onError?: ((error: unknown) => void) | undefined
}

/** {@link WebSocketHandlerOptions} with nothing left open. */
export interface ResolvedWebSocketHandlerOptions {
  readonly sluice: Sluice
  readonly identify: IdentifySocket
  readonly tickets: Pick<Tickets, 'redeem'> | undefined
  readonly origins: ReadonlySet<string> | '*'
  readonly hosts: ReadonlySet<string> | '*'
  readonly run: RunSource | undefined
  readonly pingMs: number
  readonly limits: ResolvedWebSocketLimits
  readonly onError: (error: unknown) => void
}

/** Defaults of `createWebSocketHandler`. */
export const DEFAULT_WEBSOCKET_OPTIONS: {
  readonly origins: readonly string[]
  readonly hosts: readonly string[]
  readonly pingMs: number
  readonly limits: ResolvedWebSocketLimits
} = {
  origins: [],
  hosts: ['localhost'],
  pingMs: 15_000,
  limits: {
    maxSockets: 10_000,
    maxStreams: 100,
    maxPendingRequests: 128,
    maxPayloadBytes: 64 * 1024,
    maxFragments: 64,
    maxBufferedChunks: 4_096,
    messagesPerSecond: 100,
    messageBurst: 200,
  },
}

const NAMES = ['sluice', 'identify', 'tickets', 'origins', 'hosts', 'run', 'pingMs', 'limits', 'onError']
const MAX_LIMIT = 64 * 1024 * 1024
const HOUR_MS = 3_600_000

/** Fills in defaults and checks the result. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveWebSocketOptions(options: WebSocketHandlerOptions): ResolvedWebSocketHandlerOptions {
  requireKnownNames('', options, NAMES)
  const { sluice, identify, tickets, origins, hosts, run, pingMs, limits = {}, onError } = options
  if (typeof sluice !== 'object' || sluice === null || typeof sluice.attach !== 'function')
    throw invalidOption('sluice', sluice, 'what createSluice gives')
  requireFunction('identify', identify)
  if (tickets !== undefined) requireFunction('tickets.redeem', tickets.redeem)
  if (run !== undefined) requireFunction('run', run)
  if (onError !== undefined) requireFunction('onError', onError)
  return {
    sluice,
    identify,
    tickets,
    origins: resolveOrigins(origins ?? DEFAULT_WEBSOCKET_OPTIONS.origins),
    hosts: resolveHosts(hosts ?? DEFAULT_WEBSOCKET_OPTIONS.hosts),
    run,
    pingMs: requireInteger('pingMs', pingMs ?? DEFAULT_WEBSOCKET_OPTIONS.pingMs, 1, HOUR_MS),
    limits: resolveLimits(limits),
    onError: (error) => {
      try {
        onError?.(error)
      } catch {
        // Contract 13: who is told of a failure makes none.
      }
    },
  }
}

function resolveLimits(limits: WebSocketLimits): ResolvedWebSocketLimits {
  const defaults = DEFAULT_WEBSOCKET_OPTIONS.limits
  requireKnownNames('limits', limits, Object.keys(defaults))
  const entries = Object.entries(defaults).map(([name, preset]) => {
    const value = limits[name as keyof WebSocketLimits]
    return [name, requireInteger(`limits.${name}`, value ?? preset, 1, MAX_LIMIT)]
  })
  return Object.fromEntries(entries) as ResolvedWebSocketLimits
}

function resolveOrigins(origins: readonly string[] | '*'): ReadonlySet<string> | '*' {
  if (origins === '*') return origins
  if (!Array.isArray(origins)) throw invalidOption('origins', origins, 'a list of origins, or "*"')
  for (const origin of origins) {
    if (!isOrigin(origin))
      throw invalidOption('origins', origin, 'origins such as "https://app.example", without a path')
  }
  return new Set(origins)
}

function resolveHosts(hosts: readonly string[] | '*'): ReadonlySet<string> | '*' {
  if (hosts === '*') return hosts
  const rule = 'a list of host names such as "app.example", in lower case and without ports, or "*"'
  if (!Array.isArray(hosts) || !hosts.every((host) => URL.parse(`http://${host}`)?.host === host))
    throw invalidOption('hosts', hosts, rule)
  return new Set(hosts)
}

function requireFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidOption(name, value, 'a function')
}
