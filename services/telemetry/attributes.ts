/**
 * All that may leave the process with a span or a log record: our names, and the names that OpenTelemetry gives them
 * (`messaging.*`: semantic conventions 1.45, in development). What is not here is dropped: nothing that derives from a patient has a name here.
 */
export const ATTRIBUTES = {
  run: { name: 'asyndgan.run', description: 'the name of the run' },
  site: { name: 'asyndgan.site', description: 'the name of the site' },
  iteration: { name: 'asyndgan.iteration', description: 'the number of the iteration' },
  generatorVersion: { name: 'asyndgan.generator.version', description: 'steps that the generator had taken' },
  epoch: { name: 'asyndgan.hub.epoch', description: 'how often the hub was started' },
  messageType: { name: 'asyndgan.message.type', description: 'work, feedback, hello, ...' },
  attempt: { name: 'asyndgan.message.attempt', description: 'how often the message was sent, from 1' },
  system: { name: 'messaging.system.name', description: '`nats` unless said otherwise' },
  conversation: { name: 'messaging.message.conversation_id', description: 'run and iteration' },
  envelopeBytes: { name: 'messaging.message.envelope.size', description: 'bytes that crossed the network' },
  bodyBytes: { name: 'messaging.message.body.size', description: 'bytes before compression' },
  server: { name: 'server.address', description: 'the NATS server' },
  port: { name: 'server.port', description: 'its port' },
  code: { name: 'error.type', description: 'the code of an error, never its message' },
  sites: { name: 'asyndgan.sites', description: 'how many sites took part' },
  seconds: { name: 'asyndgan.seconds', description: 'how long it took' },
} as const;

type AttributeName = keyof typeof ATTRIBUTES;
export type AttributeValue = string | number | boolean;
export type Attributes = { readonly [Name in AttributeName]?: AttributeValue | undefined };

/** Names, codes, subjects, hosts and ids: no sentence and no path, should one get under a name that is allowed. */
const TOKEN = /^[A-Za-z0-9][A-Za-z0-9._:{}*>-]{0,199}$/;

/** The attributes that may leave, under OpenTelemetry's names. A string that is no token is dropped, as is a number that is not finite. */
export function exported(attributes: Readonly<Record<string, unknown>>): Record<string, AttributeValue> {
  const result: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (Object.hasOwn(ATTRIBUTES, name) && isHarmless(value)) result[ATTRIBUTES[name as AttributeName].name] = value;
  }
  return result;
}

export function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value);
}

/** The stable code of an error, its class for one without, INTERNAL for what is no error. */
export function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'INTERNAL';
  const { code, name } = error as { code?: unknown; name?: unknown };
  return [code, name].find(isToken) ?? 'INTERNAL';
}

function isHarmless(value: unknown): value is AttributeValue {
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)) || isToken(value);
}
