import { NextResponse } from 'next/server'

export function proxy() {
  const response = NextResponse.next()
  response.cookies.set('a', '1')
  response.cookies.set('b', '2')
  return response
}
