import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { createLink, type Link, type Weather } from './link.ts'

/** Where a peer really listens; whoever dials it comes from its own address. */
export interface Place {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** TCP between peers that all dial through it. What it does not know the source of, it leaves alone. */
export interface FaultProxy extends AsyncDisposable {
  /** The port that leads to a peer, for everybody else. */
  portOf(name: string): number
  /** From now on connections between the two groups are refused, and those that are open are reset. */
  part(one: readonly string[], other: readonly string[]): void
  /** Bytes from one to the other are held back, on connections old and new; the other direction flows. */
  hold(from: string, to: string): void
  /** How every link behaves. */
  setWeather(weather: Weather): void
  /** Ends every fault: what was held goes out. */
  heal(): void
  /** Connections between known peers, as `from to`, dialler first. */
  readonly connections: readonly string[]
}

interface Connection {
  readonly from: string
  readonly to: string
  readonly there: Link
  readonly back: Link
}

const CALM: Weather = { jitterMs: 0, loss: 0, resets: 0 }

/** @param random 0 ≤ x < 1 */
export async function startFaultProxy(places: readonly Place[], random: () => number): Promise<FaultProxy> {
  const connections = new Set<Connection>()
  const parted = new Set<string>()
  const held = new Set<string>()
  const sockets = new Set<Socket>()
  const ports = new Map<string, number>()
  let weather = CALM
  const isParted = (from: string, to: string) => parted.has(`${from} ${to}`) || parted.has(`${to} ${from}`)

  function accept(client: Socket, to: Place): void {
    const from = places.find(({ host }) => host === client.remoteAddress)?.name ?? null
    if (from !== null && isParted(from, to.name)) {
      client.resetAndDestroy()
      return
    }
    const server = net.connect({ host: to.host, port: to.port, allowHalfOpen: true })
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    const isCalm = () => from === null
    const link = (source: Socket, target: Socket) =>
      createLink(source, target, { random, weather: () => (isCalm() ? CALM : weather) })
    const there = link(client, server)
    const back = link(server, client)
    if (from === null) return
    const connection = { from, to: to.name, there, back }
    if (held.has(`${from} ${to.name}`)) there.hold()
    if (held.has(`${to.name} ${from}`)) back.hold()
    connections.add(connection)
    for (const socket of [client, server]) socket.on('close', () => connections.delete(connection))
  }

  const servers = await Promise.all(
    places.map(async (place) => {
      const server = net.createServer({ allowHalfOpen: true }, (client) => accept(client, place))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address: AddressInfo | string | null = server.address()
      if (address !== null && typeof address === 'object') ports.set(place.name, address.port)
      return server
    }),
  )

  return {
    portOf: (name) => {
      const port = ports.get(name)
      if (port === undefined) throw new Error(`there is no ${name}`)
      return port
    },
    part: (one, other) => {
      for (const a of one) for (const b of other) parted.add(`${a} ${b}`)
      for (const { from, to, there } of [...connections]) if (isParted(from, to)) there.reset()
    },
    hold: (from, to) => {
      held.add(`${from} ${to}`)
      for (const connection of connections) {
        if (connection.from === from && connection.to === to) connection.there.hold()
        if (connection.from === to && connection.to === from) connection.back.hold()
      }
    },
    setWeather: (next) => {
      weather = next
    },
    heal: () => {
      parted.clear()
      held.clear()
      weather = CALM
      for (const { there, back } of connections) for (const link of [there, back]) link.release()
    },
    get connections() {
      return [...connections].map(({ from, to }) => `${from} ${to}`)
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    },
  }
}
