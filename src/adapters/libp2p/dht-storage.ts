import type { Libp2pOptions } from 'libp2p'

type Datastore = NonNullable<Libp2pOptions['datastore']>

/** Where kad-dht keeps what others ask it to keep: values and provider records, of any number of keys. */
const DHT_KEYS = '/dht/'

/**
 * The same store, which keeps nothing for the DHT. We ask the DHT for the addresses of peers, never for values or
 * providers, so whatever strangers send to be kept would only fill our disk.
 */
export function withoutDhtRecords(datastore: Datastore): Datastore {
  const put: Datastore['put'] = (key, value, options) =>
    key.toString().startsWith(DHT_KEYS) ? key : datastore.put(key, value, options)
  return new Proxy(datastore, {
    get(target, name) {
      if (name === 'put') return put
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
