import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { WebSocket } from 'ws'

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--remote-debugging-port=0',
]

/** Why no page can be measured here, if so. */
export function missingChromium(): string | undefined {
  return existsSync(CHROMIUM) ? undefined : `no Chromium at ${CHROMIUM} (CHROMIUM_PATH)`
}

interface Reply {
  id?: number
  result?: object
  error?: { message: string }
}

/**
 * A fresh browser with one page. A test driver would have each piece of the network told to it, and the page's main thread
 * would do so: here nothing is asked of it but what a row needs.
 */
export class BrowserPage implements AsyncDisposable {
  readonly #browser: ChildProcess
  readonly #socket: WebSocket
  readonly #directory: string
  readonly #waiting = new Map<number, PromiseWithResolvers<object>>()
  #session: string | undefined
  #lastId = 0

  private constructor(browser: ChildProcess, socket: WebSocket, directory: string) {
    this.#browser = browser
    this.#socket = socket
    this.#directory = directory
    socket.on('message', (data: Buffer) => this.#onReply(JSON.parse(data.toString()) as Reply))
    socket.on('close', () => {
      for (const waiting of this.#waiting.values()) waiting.reject(new Error('The browser has gone.'))
    })
  }

  static async open(url: string): Promise<BrowserPage> {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-page-'))
    const browser = spawn(CHROMIUM, [...ARGS, `--user-data-dir=${directory}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const socket = new WebSocket(await addressIn(browser))
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    const page = new BrowserPage(browser, socket, directory)
    const { targetId } = await page.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await page.send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
    page.#session = sessionId
    await page.send('Page.navigate', { url })
    await page.run(`new Promise((loaded) => (document.readyState === 'complete' ? loaded() : (onload = loaded)))`)
    return page
  }

  /** Sends a command of the DevTools protocol to the page. @throws Error for what the browser refuses */
  async send<Result extends object>(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#lastId
    const waiting = Promise.withResolvers<object>()
    this.#waiting.set(id, waiting)
    this.#socket.send(JSON.stringify({ id, method, params, sessionId: this.#session }))
    return (await waiting.promise) as Result
  }

  /** What a script comes to, and what its promise does. @throws Error for what it throws */
  async run<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.send<{
      result: { value: Value }
      exceptionDetails?: { text: string; exception?: { description?: string } }
    }>('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise((resolve) => this.#browser.once('exit', resolve))
    this.#browser.kill()
    await gone
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 })
  }

  #onReply({ id, result = {}, error }: Reply): void {
    if (id === undefined) return
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error) waiting?.reject(new Error(error.message))
    else waiting?.resolve(result)
  }
}

/** Where the browser says that it listens. */
async function addressIn(browser: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: browser.stderr! })) {
    const address = /^DevTools listening on (\S+)/.exec(line)?.[1]
    if (address === undefined) continue
    browser.stderr!.resume()
    return address
  }
  throw new Error(`${CHROMIUM} did not start.`)
}
