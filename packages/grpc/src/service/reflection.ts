import {
  createRegistry,
  type DescFile,
  type DescMethod,
  type DescService,
  type Registry,
  toBinary,
} from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect'
import { type Scheduler, withinTime } from '@sluice/core/extend'

import { untilAborted } from './until-aborted.ts'
import type { ServerReflection } from '../gen/grpc/reflection/v1/reflection_pb.ts'
import type { ServerReflection as ServerReflectionAlpha } from '../gen/grpc/reflection/v1alpha/reflection_pb.ts'

type Question = {
  case?:
    | 'fileByFilename'
    | 'fileContainingSymbol'
    | 'fileContainingExtension'
    | 'allExtensionNumbersOfType'
    | 'listServices'
    | undefined
  value?: unknown
}

/** How long a call may ask nothing: it is open to strangers, and would be for ever. */
const IDLE_MS = 60_000
const tooLate = (): Error => new ConnectError(`Nothing was asked for ${IDLE_MS} ms.`, Code.DeadlineExceeded)

/** Answers what services a server has and how their messages look: `grpc.reflection`, v1 and v1alpha alike. */
export class Reflection {
  readonly #scheduler: Scheduler
  readonly #services: readonly DescService[]
  readonly #files: ReadonlyMap<string, DescFile>
  readonly #registry: Registry

  constructor(scheduler: Scheduler, services: readonly DescService[]) {
    this.#scheduler = scheduler
    const files = new Map<string, DescFile>()
    for (const { file } of services) collect(file, files)
    this.#services = services
    this.#files = files
    this.#registry = createRegistry(...files.values())
  }

  /** The methods of the service; both versions ask and answer in the same words. */
  get methods(): ServiceImpl<typeof ServerReflection> & ServiceImpl<typeof ServerReflectionAlpha> {
    const scheduler = this.#scheduler
    const answer = (question: Question): { case: string; value: object } => this.#answer(question)
    return {
      async *serverReflectionInfo(
        requests: AsyncIterable<{ host: string; messageRequest: Question }>,
        { signal }: { signal: AbortSignal },
      ) {
        const asked = requests[Symbol.asyncIterator]()
        for (;;) {
          // Whoever asks nothing more and does not say so is told of a shutdown all the same.
          const next = withinTime(scheduler, asked.next(), { ms: IDLE_MS, tooLate })
          const { done, value: originalRequest } = await untilAborted(signal, next)
          if (done) return
          const { host: validHost, messageRequest } = originalRequest
          yield { validHost, originalRequest, messageResponse: answer(messageRequest) }
        }
      },
    } as unknown as ServiceImpl<typeof ServerReflection> & ServiceImpl<typeof ServerReflectionAlpha>
  }

  #answer(question: Question): { case: string; value: object } {
    try {
      if (question.case === 'listServices') {
        const service = this.#services.map(({ typeName }) => ({ name: typeName }))
        return { case: 'listServicesResponse', value: { service } }
      }
      if (question.case === 'allExtensionNumbersOfType') {
        const baseTypeName = question.value as string
        if (!this.#registry.getMessage(baseTypeName)) throw unknown(baseTypeName)
        // What is served here is proto3, which has none.
        return { case: 'allExtensionNumbersResponse', value: { baseTypeName, extensionNumber: [] } }
      }
      const file = this.#find(question)
      const fileDescriptorProto = [...collect(file, new Map()).values()].map(({ proto }) =>
        toBinary(FileDescriptorProtoSchema, proto),
      )
      return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } }
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error)
      return { case: 'errorResponse', value: { errorCode: code, errorMessage: rawMessage } }
    }
  }

  #find({ case: kind, value }: Question): DescFile {
    if (kind === 'fileByFilename') {
      const file = this.#files.get(value as string)
      if (file) return file
    } else if (kind === 'fileContainingSymbol') {
      const file = this.#fileOfSymbol(value as string)
      if (file) return file
    } else if (kind !== 'fileContainingExtension') {
      throw new ConnectError('The question is missing, or of a kind that is not known here.', Code.InvalidArgument)
    }
    throw unknown(typeof value === 'string' ? value : 'such an extension')
  }

  #fileOfSymbol(symbol: string): DescFile | undefined {
    const found = this.#registry.get(symbol)
    if (found) return found.file
    // Methods, fields and enum values are named within what has them.
    const dot = symbol.lastIndexOf('.')
    const parent = dot === -1 ? undefined : this.#registry.get(symbol.slice(0, dot))
    const name = symbol.slice(dot + 1)
    if (parent?.kind === 'service' && parent.methods.some((method: DescMethod) => method.name === name))
      return parent.file
    if (parent?.kind === 'message' && parent.fields.some((field) => field.name === name)) return parent.file
    if (parent?.kind === 'enum' && parent.values.some((value) => value.name === name)) return parent.file
    return undefined
  }
}

/** A file and all it imports, what is imported first. */
function collect(file: DescFile, files: Map<string, DescFile>): Map<string, DescFile> {
  for (const imported of file.dependencies) collect(imported, files)
  return files.set(`${file.name}.proto`, file)
}

function unknown(name: string): ConnectError {
  return new ConnectError(`Nothing is known here of ${name}.`, Code.NotFound)
}
