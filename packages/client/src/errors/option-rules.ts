import { ClientError } from './client-error.ts'

/** The error for an option that breaks its rule. */
export function invalidOption(name: string, value: unknown, rule: string): ClientError {
  const shown = JSON.stringify(value) ?? typeof value
  return new ClientError('SLUICE_ERR_OPTION', `The option "${name}" is ${shown}; it must be ${rule}.`, { status: 500 })
}

/** A group of options with its defaults filled in; numbers are checked, and an unknown name is a slip. */
export function resolveGroup<Group extends object>(group: string, given: object | undefined, defaults: Group): Group {
  const resolved = { ...defaults }
  for (const [name, value] of Object.entries(given ?? {})) {
    const known = defaults[name as keyof Group]
    const path = `${group}.${name}`
    if (!(name in defaults)) throw invalidOption(path, value, `one of ${Object.keys(defaults).join(', ')}`)
    if (value === undefined) continue
    if (typeof known === 'number' && !(typeof value === 'number' && value >= 0)) {
      throw invalidOption(path, value, 'a number, not below 0')
    }
    resolved[name as keyof Group] = value as never
  }
  return resolved
}
