import type { ServerResponse } from 'node:http'

/**
 * Calls `then` where `response` would be ended with a head alone, in place of that: whoever takes over can still write all of
 * it. What has a body is written as it is.
 */
export function whenEnded(response: ServerResponse, then: () => void): void {
  // What is deleted again would leave the response a dictionary, in which each later write looks its members up.
  const before = METHODS.map((name) => Object.getOwnPropertyDescriptor(response, name) ?? methodOf(response, name))
  let head: Parameters<ServerResponse['writeHead']> | undefined
  const restore = (): void => {
    for (const [index, name] of METHODS.entries()) Object.defineProperty(response, name, before[index]!)
  }
  const letPass = (): void => {
    restore()
    if (head) response.writeHead(...head)
  }
  const intercepted: Intercepted = {
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
  for (const name of METHODS) Object.defineProperty(response, name, methodOf(intercepted, name))
}

function methodOf(owner: Intercepted, name: keyof Intercepted): PropertyDescriptor {
  return { value: owner[name], configurable: true, writable: true }
}

type Intercepted = Pick<ServerResponse, (typeof METHODS)[number]>

const METHODS = ['writeHead', 'write', 'end'] as const
