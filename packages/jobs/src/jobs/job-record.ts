import type { Actor, EndEvent, Json, StartOptions } from '@sluice/core'
import { SERVER_OWNER } from '@sluice/core/extend'

import type { DocumentPlace, StoredDocument } from '../documents/document-store.ts'
import { scopeOf } from '../documents/scope.ts'
import type { JobState } from '../job/job-machine.ts'

/** Kinds of documents. The input of a job is one of its own: it may be large, and never changes. */
export const JOB = 'job'
export const INPUT = 'job-input'
export const NAME = 'job-name'

/** What is said of a job when it is submitted, and never changes. */
export interface JobFacts {
  readonly source: string
  readonly tenant: string
  readonly owner: string
  readonly attempts: number
  /** How long it may wait for its first attempt, in milliseconds. */
  readonly waitMs: number
  /** How long it is kept after its end, in milliseconds. */
  readonly keepMs: number
  readonly priority: number
  /** The wire that readers get where they ask for none, and what it must remember. */
  readonly wire?: StartOptions['wire']
  readonly meta: { readonly [name: string]: Json | undefined }
}

/** A job as it is kept. */
export interface JobRecord {
  readonly facts: JobFacts
  readonly state: JobState
  /** The end of the last attempt's stream, once the job is over. */
  readonly end?: EndEvent | undefined
}

/** A job as it was read. */
export interface ReadJob extends JobRecord {
  readonly id: string
  readonly version: number
}

export function readJob(document: StoredDocument): ReadJob {
  const { facts, state, end } = document.value as unknown as JobRecord
  return { id: document.id, version: document.version, facts, state, end }
}

export function placeOf({ facts, state }: JobRecord): DocumentPlace {
  return { scope: scopeOf(actorOf(facts)), state: state.phase, priority: facts.priority }
}

/** Whose job it is: its attempts are that owner's streams. */
export function actorOf({ tenant, owner }: Pick<JobFacts, 'tenant' | 'owner'>): Actor {
  return owner === SERVER_OWNER ? 'server' : { tenant, owner }
}

/** The opposite. */
export function ownerOf(actor: Actor): Pick<JobFacts, 'tenant' | 'owner'> {
  return actor === 'server' ? { tenant: '', owner: SERVER_OWNER } : { tenant: actor.tenant ?? '', owner: actor.owner }
}
