import { describe, expect, test } from 'vitest'
import { OPTION_TABLE } from '../../src/options/option-table.ts'
import { helpText, parseGatewayOptions } from '../../src/options/options.ts'

const rows = Object.values(OPTION_TABLE)

describe('help and version', () => {
  test('are given whatever else is wrong', () => {
    expect(parseGatewayOptions(['--prot', '--help'], { PORT: 'x' }).help).toBe(true)
    expect(parseGatewayOptions(['-h'], {}).help).toBe(true)
    expect(parseGatewayOptions(['--', '--version'], { PORT: 'x' }).version).toBe(true)
    expect(parseGatewayOptions(['-v'], {}).version).toBe(true)
  })

  test('the help names every flag and every variable', () => {
    const text = helpText()
    for (const { flag, variable, help } of rows) {
      expect(text).toContain(flag)
      expect(text).toContain(variable ?? flag)
      expect(text).toContain(help)
    }
    expect(text).toContain('--port <number>')
    expect(text).toContain('default 8080')
    expect(text).toContain('it waits 15000')
  })

  test('every example in the table is a value its own rule accepts', () => {
    expect(rows.filter((row) => row.parse(row.example) === undefined)).toEqual([])
  })
})
