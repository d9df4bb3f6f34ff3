import type { ChatBody, OfferedTool } from './chat-body.ts'
import type { Random } from './random.ts'

/** A call that the demo runner makes up. */
export interface DemoToolCall {
  readonly id: string
  readonly name: string
  /** JSON text. */
  readonly arguments: string
}

/** A JSON schema, as far as it is looked at. */
interface Schema {
  [keyword: string]: unknown
}

const TOOL_IF_NONE_OFFERED: OfferedTool = {
  function: {
    name: 'look_up_weather',
    parameters: { properties: { place: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 7 } } },
  },
}
const PLACES = [
  'Berlin',
  'São Paulo',
  'Αθήνα',
  'Нижний Новгород',
  '東京',
  '서울',
  'القاهرة',
  'กรุงเทพฯ',
  'Kap Hoorn ⛵🏴‍☠️',
]
const ID_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const MAX_DEPTH = 4
const MAX_PROPERTIES = 16

/** The call that answers `body`, or none where text is due: after a tool's result, or when no tool is wanted. */
export function chooseToolCall(body: ChatBody, random: Random): DemoToolCall | undefined {
  const tools = body.tools ?? []
  const answersResult = body.messages.at(-1)?.role === 'tool'
  const wanted = body.sluice_demo?.toolCall ?? (tools.length > 0 && body.tool_choice !== 'none' && !answersResult)
  if (!wanted) return undefined
  const named = tools.find((tool) => tool.function.name === forcedName(body.tool_choice))
  const tool = named ?? tools[random.below(tools.length)] ?? TOOL_IF_NONE_OFFERED
  const { name, parameters } = tool.function
  const id = Array.from({ length: 24 }, () => ID_CHARACTERS[random.below(ID_CHARACTERS.length)]).join('')
  return { id: `call_${id}`, name, arguments: JSON.stringify(sampleObject(toSchema(parameters), random, MAX_DEPTH)) }
}

function forcedName(choice: unknown): unknown {
  return toSchema(toSchema(choice)['function'])['name']
}

function sampleValue(schema: Schema, random: Random, depth: number): unknown {
  if ('const' in schema) return schema['const']
  const options = schema['enum']
  if (Array.isArray(options) && options.length > 0) return options[random.below(options.length)]
  const variants = schema['anyOf'] ?? schema['oneOf']
  if (depth > 0 && Array.isArray(variants)) return sampleValue(toSchema(variants[0]), random, depth - 1)
  const types: unknown[] = [schema['type']].flat()
  switch (types.find((type) => type !== 'null')) {
    case 'integer':
    case 'number':
      return sampleNumber(schema, random)
    case 'boolean':
      return random.fraction() < 0.5
    case 'array':
      return depth > 0 ? [0, 1].map(() => sampleValue(toSchema(schema['items']), random, depth - 1)) : []
    case 'object':
      return depth > 0 ? sampleObject(schema, random, depth - 1) : {}
    default:
      return PLACES[random.below(PLACES.length)]
  }
}

function sampleObject(schema: Schema, random: Random, depth: number): Record<string, unknown> {
  const properties = toSchema(schema['properties'])
  const { required } = schema
  const names = Array.isArray(required) && required.length > 0 ? required.map(String) : Object.keys(properties)
  return Object.fromEntries(
    names.slice(0, MAX_PROPERTIES).map((name) => [name, sampleValue(toSchema(properties[name]), random, depth)]),
  )
}

function sampleNumber({ minimum, maximum }: Schema, random: Random): number {
  const min = typeof minimum === 'number' ? Math.ceil(minimum) : 0
  const max = typeof maximum === 'number' ? Math.floor(maximum) : min + 99
  return min + random.below(Math.max(max - min + 1, 1))
}

function toSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? (value as Schema) : {}
}
