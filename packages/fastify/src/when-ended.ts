import type { ServerResponse } from 'node:http'

/**
 * Calls `then` where `response` would be ended with a head alone, in place of that: whoever takes over can still write all of
 * it. What has a body is written as it is.
 */
export function whenEnded(response: ServerResponse, then: () => void): void {
  const own = METHODS.map((name) => Object.getOwnPropertyDescriptor(response, name))
  let head: Parameters<ServerResponse['writeHead']> | undefined
  const restore = (): void => {
    for (const [index, name] of METHODS.entries()) {
      const before = own[index]
      if (before) Object.defineProperty(response, name, before)
      else delete (response as Partial<ServerResponse>)[name]
    }
  }
  const letPass = (): void => {
    restore()
    if (head) response.writeHead(...head)
  }
  const intercepted: Pick<ServerResponse, (typeof METHODS)[number]> = {
    writeHead(...given: unknown[]) {
      head = given as typeof head
      return response
    },
    write(...given: unknown[]) {
      letPass()
      return response.write(...(given as Parameters<ServerResponse['write']>))
    },
    end(...given: unknown[]) {
      const [chunk] = given
      if (response.headersSent || (chunk !== undefined && chunk !== null && chunk !== '')) {
        letPass()
        return response.end(...(given as Parameters<ServerResponse['end']>))
      }
      restore()
      then()
      return response
    },
  }
  for (const name of METHODS) {
    Object.defineProperty(response, name, { value: intercepted[name], configurable: true, writable: true })
  }
}

const METHODS = ['writeHead', 'write', 'end'] as const
