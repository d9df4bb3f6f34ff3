import type { DescService } from '@bufbuild/protobuf'
import type { ConnectRouter, ServiceImpl } from '@connectrpc/connect'
import type { ReaderOptions, Sluice } from '@sluice/core'
import { invalidOption, requireInteger, requireKnownNames, resolveReaderOptions } from '@sluice/core/extend'

import { Health } from '../gen/grpc/health/v1/health_pb.ts'
import { ServerReflection } from '../gen/grpc/reflection/v1/reflection_pb.ts'
import { ServerReflection as ServerReflectionAlpha } from '../gen/grpc/reflection/v1alpha/reflection_pb.ts'
import { TokenStreamService } from '../gen/sluice/v1/token_stream_pb.ts'
import { gated, type GateOptions } from './gate.ts'
import { HealthReport } from './health.ts'
import { Reflection } from './reflection.ts'
import { createService } from './service.ts'
import type { GrpcRunner, IdentifyCall, ServiceParts } from './service-parts.ts'

/** Options of {@link createGrpcRoutes}. */
export interface GrpcRoutesOptions {
  sluice: Sluice
  /**
   * Says who made a call, by its metadata: a principal; `undefined` or `null` for a stranger, who is UNAUTHENTICATED.
   * Bounded: 5 seconds.
   */
  identify: IdentifyCall
  /** Makes the sources of what clients start. Without it streams are read, cancelled and so on, but not started. */
  run?: GrpcRunner | undefined
  /** How readers are served over gRPC; what is left out is as the sluice has it. */
  reader?: ReaderOptions | undefined
  /**
   * Largest request message, in bytes.
   *
   * @defaultValue 1048576
   */
  maxRequestBytes?: number | undefined
  /**
   * What one message may consist of, as JSON: members of objects and elements of lists, all levels together. It is decoded in
   * one step, and each costs a microsecond. No more than `bodies.jsonMembers` of the sluice.
   *
   * @defaultValue 25000
   */
  maxRequestMembers?: number | undefined
  /**
   * Readings that one `Session` call carries at a time.
   *
   * @defaultValue 100
   */
  maxSessionReadings?: number | undefined
  /**
   * Whether clients may ask what services there are (`grpc.reflection`, v1 and v1alpha).
   *
   * @defaultValue true
   */
  reflection?: boolean | undefined
  /** Is told what clients are not: failures that are answered with INTERNAL and no further word. */
  onError?: ((error: unknown) => void) | undefined
}

/** Defaults of {@link GrpcRoutesOptions}. */
export const DEFAULT_GRPC_ROUTES_OPTIONS: {
  readonly maxRequestBytes: number
  readonly maxRequestMembers: number
  readonly maxSessionReadings: number
  readonly reflection: boolean
} = { maxRequestBytes: 1024 * 1024, maxRequestMembers: 25_000, maxSessionReadings: 100, reflection: true }

/** The names of {@link GrpcRoutesOptions}. */
export const ROUTES_OPTION_NAMES: readonly (keyof GrpcRoutesOptions)[] = [
  'sluice',
  'identify',
  'run',
  'reader',
  'maxRequestBytes',
  'maxRequestMembers',
  'maxSessionReadings',
  'reflection',
  'onError',
]

/** Adds the services to a router of Connect. */
export interface GrpcRoutes {
  (router: ConnectRouter): void
  /** Health says NOT_SERVING from now on. What drains the sluice calls this first. */
  stopServing(): void
}

const MAX_REQUEST_BYTES = 64 * 1024 * 1024
const MAX_SESSION_READINGS = 10_000
const MAX_REQUEST_MEMBERS = 10_000_000
/** What is answered to strangers too asks for little. */
const MAX_OPEN_BYTES = 16 * 1024

/**
 * Token streams as services: `sluice.v1.TokenStreamService`, health and reflection, over gRPC, gRPC-Web and Connect,
 * wherever a `ConnectRouter` is taken.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const routes = createGrpcRoutes({ sluice, identify: (headers) => ({ owner: userOf(headers) }) })
 * createServer(myConnectNodeAdapter({ routes, interceptors: myInterceptors })).listen(8080)
 * ```
 */
export function createGrpcRoutes(options: GrpcRoutesOptions): GrpcRoutes {
  requireKnownNames('', options, ROUTES_OPTION_NAMES)
  return routesOf(options)
}

/** The same for those who have looked at the names already, which may be more. */
export function routesOf(options: GrpcRoutesOptions, parts: ServiceParts = resolveParts(options)): GrpcRoutes {
  const { maxRequestBytes, reflection } = { ...DEFAULT_GRPC_ROUTES_OPTIONS, ...definedOf(options) }
  const health = new HealthReport(parts.sluice, [TokenStreamService.typeName])
  const routes = (router: ConnectRouter): void => {
    const add = <Service extends DescService>(
      service: Service,
      methods: ServiceImpl<Service>,
      gate: GateOptions,
    ): void => {
      const before = router.handlers.length
      router.service(service, methods, { readMaxBytes: gate.maxBytes })
      const added = router.handlers.splice(before)
      router.handlers.push(...added.map((handler) => gated(handler, parts, gate)))
    }
    const forAll = { maxBytes: Math.min(maxRequestBytes, MAX_OPEN_BYTES), open: true }
    add(TokenStreamService, createService(parts), { maxBytes: maxRequestBytes, open: false })
    add(Health, health.methods(), forAll)
    if (!reflection) return
    const { methods } = new Reflection(parts.sluice.scheduler, [
      TokenStreamService,
      Health,
      ServerReflection,
      ServerReflectionAlpha,
    ])
    add(ServerReflection, methods, forAll)
    add(ServerReflectionAlpha, methods, forAll)
  }
  return Object.assign(routes, { stopServing: () => health.stop() })
}

/** The options, checked, and all that was left out filled in. */
export function resolveParts(options: GrpcRoutesOptions): ServiceParts {
  const { sluice, identify, run, reader, onError } = options
  const { maxRequestBytes, maxRequestMembers, maxSessionReadings } = {
    ...DEFAULT_GRPC_ROUTES_OPTIONS,
    ...definedOf(options),
  }
  if (typeof sluice?.start !== 'function') throw invalidOption('sluice', sluice, 'what createSluice gives')
  if (typeof identify !== 'function') throw invalidOption('identify', identify, 'a function: who made a call?')
  if (run !== undefined && typeof run !== 'function') throw invalidOption('run', run, 'a function that makes a source')
  if (onError !== undefined && typeof onError !== 'function') throw invalidOption('onError', onError, 'a function')
  requireInteger('maxRequestBytes', maxRequestBytes, 1, MAX_REQUEST_BYTES)
  requireInteger('maxRequestMembers', maxRequestMembers, 1, MAX_REQUEST_MEMBERS)
  requireInteger('maxSessionReadings', maxSessionReadings, 1, MAX_SESSION_READINGS)
  const bodies = sluice.bodies.options
  return {
    sluice,
    identify,
    run,
    reader: reader ?? {},
    queueBytes: resolveReaderOptions(reader, sluice.readerOptions).queueBytes,
    maxRequestBytes,
    maxSessionReadings,
    messageLimits:
      bodies.jsonMembers <= maxRequestMembers
        ? bodies
        : { ...bodies, jsonMembers: maxRequestMembers, membersOption: 'maxRequestMembers' },
    shutdownSignal: undefined,
    report(error) {
      try {
        onError?.(error)
      } catch {
        // Contract 13: who is told of a failure makes none.
      }
    },
  }
}

/** Explicit `undefined` means the default. */
function definedOf<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options
}
