import type { Environment } from '../clock/environment.ts'
import { networkError, readRefusal, type Refusal } from '../link/refusal.ts'
import { Backoff } from '../machine/backoff.ts'
import type { ResolvedResumeOptions } from '../machine/resume-options.ts'

/** What requests about a stream need. */
export interface ControlParts {
  environment: Environment
  resume: ResolvedResumeOptions
  credentials?: RequestCredentials | undefined
  headers: () => Readonly<Record<string, string>>
  /** Asks for another credential, where there is somebody to ask. */
  renew(): Promise<void>
}

/** What is posted, and whether it may be again, where the server does not answer or says that it is busy. */
export interface Post {
  body: unknown
  repeats: boolean
}

type Answer = Record<string, unknown>

/**
 * Posts to a stream.
 *
 * @throws SluiceError what the server refuses with, or how the last attempt failed
 */
export async function control(parts: ControlParts, url: string, { body, repeats }: Post): Promise<Answer> {
  const { environment, resume } = parts
  const backoff = new Backoff(resume, environment.random)
  for (let attempt = 1; ; attempt++) {
    const { answer, refusal } = await postOnce(parts, url, body)
    if (!refusal) return answer!
    const { error, type } = refusal
    const isStranger = error.status === 401 && attempt === 1
    if (isStranger) await parts.renew()
    else if (type === 'refused' || !repeats || attempt > resume.maxAttempts) throw error
    else await new Promise<void>((resolve) => environment.after(backoff.nextMs(error.retryAfterMs), resolve))
  }
}

async function postOnce(
  { environment, credentials, headers }: ControlParts,
  url: string,
  body: unknown,
): Promise<{ answer?: Answer; refusal?: Refusal }> {
  try {
    const response = await environment.fetch(url, {
      method: 'POST',
      headers: { ...headers(), accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(body),
      credentials,
    })
    const isAnswer = response.ok && response.headers.get('content-type')?.includes('json')
    if (!isAnswer) return { refusal: await readRefusal(response, environment.now()) }
    return { answer: (await response.json()) as Answer }
  } catch (error) {
    return { refusal: { type: 'broken', error: networkError(error) } }
  }
}
