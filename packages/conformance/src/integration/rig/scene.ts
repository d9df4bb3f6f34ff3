import { until } from '@sluice/testing/patience'
import { onTestFinished } from 'vitest'

import type { IntegrationDriver, ServedIntegration } from './driver.ts'
import { type Asked, fetchAnswer, type HttpAnswer, send } from './http-answer.ts'
import type { SuiteReport, SuiteScript } from './suite-app.ts'

/** A served application, as the cases use it. */
export class IntegrationScene {
  readonly mount: string
  readonly #served: ServedIntegration

  constructor({ mount = '/v1' }: IntegrationDriver, served: ServedIntegration) {
    this.mount = mount
    this.#served = served
  }

  /** A script of a name of its own. */
  script(script: Omit<SuiteScript, 'name'> = {}): SuiteScript {
    return { name: crypto.randomUUID(), ...script }
  }

  /** Asks; what is still open when the test is over is left then. */
  async ask(path: string, asked?: Asked): Promise<HttpAnswer> {
    const answer = await fetchAnswer(this.#served.url + path, asked)
    onTestFinished(() => answer.leave())
    return answer
  }

  chat(script: SuiteScript, asked?: Asked): Promise<HttpAnswer> {
    return this.ask('/chat', { body: script, ...asked })
  }

  /** The same by `GET`. */
  look(script: SuiteScript, asked?: Asked): Promise<HttpAnswer> {
    return this.ask(`/chat?script=${encodeURIComponent(JSON.stringify(script))}`, asked)
  }

  /** A request whose answer nobody waits for. */
  sendChat(script: SuiteScript): { leave: () => void } {
    const sent = send(`${this.#served.url}/chat`, { body: script })
    return { leave: () => void sent.destroy() }
  }

  async report({ name }: SuiteScript, more: Record<string, string> = {}): Promise<SuiteReport> {
    const answer = await this.ask(`/suite?${new URLSearchParams({ name, ...more }).toString()}`)
    return (await answer.json()) as SuiteReport
  }

  /** What a script waits for happens. */
  async go(script: SuiteScript): Promise<void> {
    await this.report(script, { go: '1' })
  }

  /** Waits until a script has come to where `condition` is true. */
  async reported(script: SuiteScript, condition: (report: SuiteReport) => boolean, what: string): Promise<void> {
    await until(async () => condition(await this.report(script)), what)
  }
}
