import { SluiceError } from '@sluice/core'
import { requireKnownNames } from '@sluice/core/extend'
import type { ErrorFormat, ExtensionAsked, Plan, ResourceExtension } from '@sluice/http'

import type { Batches } from '../engine/batches.ts'
import {
  cancelMessageBatch,
  createMessageBatch,
  deleteMessageBatch,
  listMessageBatches,
  readMessageBatch,
  readResults,
} from './anthropic-batches.ts'
import { cancelBatch, createBatch, listBatches, readBatch } from './openai-batches.ts'
import { deleteFile, listFiles, readContent, readFile, uploadFile } from './openai-files.ts'

/** Options of {@link batchRoutes}. */
export interface BatchRoutesOptions {
  /** Left out: the routes are there, and say why there are no batches. */
  batches?: Batches | undefined
}

type Handler = (batches: Batches, asked: ExtensionAsked, id: string) => Promise<Plan>

interface Route {
  readonly path: RegExp
  readonly format: ErrorFormat
  readonly methods: { readonly [method: string]: Handler }
}

const ID = '([\\w-]{1,128})'

const ROUTES: readonly Route[] = [
  { path: /^\/files$/, format: 'openai', methods: { GET: listFiles, POST: uploadFile } },
  { path: new RegExp(`^/files/${ID}$`), format: 'openai', methods: { GET: readFile, DELETE: deleteFile } },
  { path: new RegExp(`^/files/${ID}/content$`), format: 'openai', methods: { GET: readContent } },
  { path: /^\/batches$/, format: 'openai', methods: { GET: listBatches, POST: createBatch } },
  { path: new RegExp(`^/batches/${ID}$`), format: 'openai', methods: { GET: readBatch } },
  { path: new RegExp(`^/batches/${ID}/cancel$`), format: 'openai', methods: { POST: cancelBatch } },
  {
    path: /^\/messages\/batches$/,
    format: 'anthropic',
    methods: { GET: listMessageBatches, POST: createMessageBatch },
  },
  {
    path: new RegExp(`^/messages/batches/${ID}$`),
    format: 'anthropic',
    methods: { GET: readMessageBatch, DELETE: deleteMessageBatch },
  },
  { path: new RegExp(`^/messages/batches/${ID}/cancel$`), format: 'anthropic', methods: { POST: cancelMessageBatch } },
  { path: new RegExp(`^/messages/batches/${ID}/results$`), format: 'anthropic', methods: { GET: readResults } },
]

/**
 * Files and batches as routes of a stream resource, as the official clients of OpenAI and Anthropic ask for them: `/files`, `/batches` and
 * `/messages/batches`. The server must leave bodies of `POST /files` and `POST /messages/batches` unread: they go to the store of files as
 * they come.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * // Without batches: each route says why there are none.
 * const resource = createStreamResource({ sluice, identify, extensions: [batchRoutes()] })
 * ```
 */
export function batchRoutes<Raw = unknown>(options: BatchRoutesOptions = {}): ResourceExtension<Raw> {
  requireKnownNames('batchRoutes', options, ['batches'])
  const { batches } = options
  return {
    paths: ['/files', '/batches', '/messages/batches'],
    methodsOf(path) {
      const methods = Object.keys(routeOf(path)?.methods ?? {})
      if (methods.length === 0) return undefined
      return methods.includes('GET') ? [...methods, 'HEAD'] : methods
    },
    formatOf: (path) => routeOf(path)?.format ?? 'problem',
    handle(asked) {
      const { path, method } = asked.request
      const route = routeOf(path)!
      if (!batches) throw noPlace()
      const handler = route.methods[method === 'HEAD' ? 'GET' : method]!
      return handler(batches, asked, route.path.exec(path)?.[1] ?? '')
    },
  }
}

function routeOf(path: string): Route | undefined {
  return ROUTES.find((route) => route.path.test(path))
}

/** What is said where there is no place for batches, and no file for them is taken. */
export const NO_PLACE: { readonly message: string; readonly code: string } = {
  message:
    'There are no batches here: they need a place that survives a restart. Start the gateway with --data <directory>, or with --redis <url>.',
  code: 'batches_need_a_place',
}

/** Of a server that keeps nothing. */
function noPlace(): SluiceError {
  const { message, code } = NO_PLACE
  const error = { message, type: 'invalid_request_error', param: null, code }
  return new SluiceError('SLUICE_ERR_REQUEST', message, { extra: { error } })
}
